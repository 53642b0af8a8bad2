using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace RegistryProxy.Tests.Support.Clouds;

/// <summary>PKCS#7 messages and their certificates, as the metadata services of AWS and Azure make them.</summary>
internal static class SignedDocuments
{
    /// <summary>A certificate that signs itself, RSA.</summary>
    public static X509Certificate2 SelfSigned(string name, int bits = 2048, bool authority = false)
    {
        using var key = RSA.Create(bits);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-3), DateTimeOffset.UtcNow.AddYears(2));
    }

    /// <summary>A certificate that another one signs; an intermediate authority when it has no host.</summary>
    public static X509Certificate2 SignedBy(X509Certificate2 issuer, string name, string? host, TimeSpan? life = null)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(host is null, false, 0, true));
        if (host is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(host);
            request.CertificateExtensions.Add(names.Build());
        }

        var until = DateTimeOffset.UtcNow + (life ?? TimeSpan.FromDays(300));
        var issued = request.Create(issuer, until.AddDays(host is null ? -700 : -390), until, RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    /// <summary>The message in base64, with lines as the services write it.</summary>
    public static string Sign(
        string content, X509Certificate2 signer, bool embed, string digest = "2.16.840.1.101.3.4.2.1", params X509Certificate2[] others)
    {
        var message = new SignedCms(new ContentInfo(Encoding.UTF8.GetBytes(content)), detached: false);
        var by = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, signer)
        {
            IncludeOption = embed ? X509IncludeOption.EndCertOnly : X509IncludeOption.None, DigestAlgorithm = new Oid(digest),
        };
        by.Certificates.AddRange(others);
        message.ComputeSignature(by);
        return Convert.ToBase64String(message.Encode(), Base64FormattingOptions.InsertLineBreaks);
    }
}
