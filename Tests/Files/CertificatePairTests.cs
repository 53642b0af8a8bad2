using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.Files;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Files;

public sealed class CertificatePairTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Kinds => ["rsa", "ec"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_pair_is_read_and_what_is_none_is_told_apart(string kind)
    {
        var (one, oneKey) = Make(kind);
        var (_, otherKey) = Make(kind);
        var (certificate, key) = (_folder.Write("tls.crt", one.ExportCertificatePem()),
            _folder.Write("tls.key", oneKey.ExportPkcs8PrivateKeyPem()));
        using var pair = CertificatePair.Load(certificate, key);
        Assert.True(pair.HasPrivateKey);

        Refused("no pair", certificate, _folder.Write("other.key", otherKey.ExportPkcs8PrivateKeyPem()));
        Refused("swapped", key, certificate);
        Refused("swapped", certificate, certificate);
        Refused("encrypted", certificate,
            _folder.Write("encrypted.key",
                oneKey.ExportEncryptedPkcs8PrivateKeyPem(
                    "x", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000))));
        Refused("encrypted", certificate,
            _folder.Write("old.key",
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE " +
                "KEY-----\n"));
        Refused("no private key", certificate, _folder.Write("empty.key", ""));
        Refused("no certificate", _folder.Write("empty.crt", ""), key);
        Refused("damaged", certificate, _folder.Write("half.key", oneKey.ExportPkcs8PrivateKeyPem()[..100]));
        Refused("damaged", _folder.Write("half.crt", one.ExportCertificatePem()[..200]), key);
    }

    [Fact]
    public void A_certificate_of_no_life_says_when_it_had_or_will_have_one()
    {
        var now = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var certificate = Make("ec", now.AddDays(-2), now.AddDays(-1)).Certificate;
        Assert.Contains("expired at 2029-12-31", CertificateFiles.ProblemAt(now, certificate));
        Assert.Contains("not valid before 2029-12-30", CertificateFiles.ProblemAt(now.AddDays(-3), certificate));
        Assert.Null(CertificateFiles.ProblemAt(now.AddDays(-1.5), certificate));
        Assert.Null(CertificateFiles.ProblemAt(now, [certificate, Make("ec", now.AddDays(-2), now.AddDays(1)).Certificate]));
    }

    public void Dispose() => _folder.Dispose();

    private static (X509Certificate2 Certificate, AsymmetricAlgorithm Key) Make(
        string kind, DateTimeOffset? from = null, DateTimeOffset? until = null)
    {
        AsymmetricAlgorithm key = kind == "rsa" ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA rsa
            ? new CertificateRequest("CN=test", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest("CN=test", (ECDsa)key, HashAlgorithmName.SHA256);
        return (request.CreateSelfSigned(from ?? DateTimeOffset.UtcNow.AddDays(-1), until ?? DateTimeOffset.UtcNow.AddDays(1)), key);
    }

    private static void Refused(string saying, string certificate, string key) =>
        Assert.Contains(saying, Assert.Throws<CryptographicException>(() => CertificatePair.Load(certificate, key)).Message);
}
