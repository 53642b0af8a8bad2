using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>Certificates made on the spot.</summary>
internal static class TestCertificates
{
    /// <summary>A certificate that signs itself, for localhost and 127.0.0.1.</summary>
    public static X509Certificate2 ForLocalhost(string name) => For(name, "localhost");

    /// <summary>A certificate that signs itself, for host names and 127.0.0.1.</summary>
    public static X509Certificate2 For(string name, params string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        Array.ForEach(hosts, names.AddDnsName);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1));
    }

    /// <summary>The certificate and its key as PEM.</summary>
    public static (string Certificate, string Key) Pem(this X509Certificate2 certificate) =>
        (certificate.ExportCertificatePem(), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
}
