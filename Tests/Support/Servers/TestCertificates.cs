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

    /// <summary>A private authority.</summary>
    public static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddMinutes(-10), DateTimeOffset.UtcNow.AddDays(2));
    }

    /// <summary>An intermediate authority, as most companies and cert-manager have them.</summary>
    public static X509Certificate2 Signer(this X509Certificate2 authority, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        using var signed = request.Create(authority, now.AddMinutes(-6), now.AddDays(1.5), RandomNumberGenerator.GetBytes(8));
        return signed.CopyWithPrivateKey(key);
    }

    /// <summary>
    /// A certificate of an authority, with its key, both as PEM; for host names and 127.0.0.1, where there are host names.
    /// </summary>
    public static (string Certificate, string Key) Issue(this X509Certificate2 authority, string name, params string[] hosts) =>
        authority.Issue(name, DateTimeOffset.UtcNow.AddDays(1), hosts);

    /// <summary>The same, with an end.</summary>
    public static (string Certificate, string Key) Issue(
        this X509Certificate2 authority, string name, DateTimeOffset until, params string[] hosts)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        if (hosts.Length > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            Array.ForEach(hosts, names.AddDnsName);
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
        }

        using var certificate = request.Create(authority, DateTimeOffset.UtcNow.AddMinutes(-5), until, RandomNumberGenerator.GetBytes(8));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>The certificate and its key as PEM.</summary>
    public static (string Certificate, string Key) Pem(this X509Certificate2 certificate) =>
        (certificate.ExportCertificatePem(), certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
}
