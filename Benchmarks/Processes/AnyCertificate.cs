using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RegistryProxy.Benchmarks.Processes;

/// <summary>A certificate that nobody signed, ECDSA P-256 as the documents have it, and clients that take it.</summary>
internal static class AnyCertificate
{
    /// <summary>Writes <c>tls.crt</c>, <c>tls.key</c>, and both in <c>tls.pem</c> as haproxy wants them.</summary>
    public static void Write(string folder)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1));
        var (text, secret) = (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(folder, "tls.crt"), text);
        File.WriteAllText(Path.Combine(folder, "tls.key"), secret);
        File.WriteAllText(Path.Combine(folder, "tls.pem"), $"{text}\n{secret}\n");
    }

    /// <summary>A client for servers that show it.</summary>
    public static HttpClient Client() => new(new SocketsHttpHandler
    {
        SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null },
    });
}
