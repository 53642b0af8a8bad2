using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Files;
using RegistryProxy.ServiceDefaults.Certificates;
using RegistryProxy.ServiceDefaults.Files;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Files;

/// <summary>A certificate that is replaced while it is in use.</summary>
public sealed class ReloadedFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void What_is_of_no_use_leaves_the_last_good_pair_and_says_why()
    {
        Write("first", days: 30);
        var files = Load();
        var (second, key) = Make("second", -1, 30);
        Replaced(files, "first", "no pair", () => _folder.Write("tls.crt", second.ExportCertificatePem()));
        Replaced(files, "second", null, () => _folder.Write("tls.key", key.ExportPkcs8PrivateKeyPem()));
        Replaced(files, "second", "expired", () => Write("old", -1));
        Replaced(files, "second", "not valid before", () => Write("early", 30, from: 2));
        Replaced(files, "second", "no certificate", () => _folder.Write("tls.crt", ""));
        Replaced(files, "second", "there is no file", () => File.Delete(_folder.File("tls.crt")));
        Replaced(files, "second", "is a folder", () => Directory.CreateDirectory(_folder.File("tls.crt")));
        Directory.Delete(_folder.File("tls.crt"));
        Replaced(files, "third", null, () => Write("third", 30));
    }

    [Fact]
    public void Where_nothing_has_a_life_the_new_pair_is_taken()
    {
        Write("old", -1);
        var files = Load();
        Replaced(files, "older", null, () => Write("older", -1));
    }

    public void Dispose() => _folder.Dispose();

    private ReloadedFiles<X509Certificate2> Load()
    {
        string[] paths = [_folder.File("tls.crt"), _folder.File("tls.key")];
        return new(paths, () => CertificatePair.Load(paths[0], paths[1]),
            (known, next) => CertificatesInUse.Refuse(known, next, _time), _time);
    }

    private void Replaced(ReloadedFiles<X509Certificate2> files, string inUse, string? problem, Action change)
    {
        change();
        _time.Advance(TimeSpan.FromSeconds(1.1));
        var (certificate, told) = files.Look();
        Assert.Equal($"CN={inUse}", certificate.Subject);
        Assert.Equal(problem is null, told is null);
        Assert.Contains(problem ?? "", told ?? "");
    }

    private void Write(string name, int days, int from = -2)
    {
        var (certificate, key) = Make(name, from, days);
        _folder.Write("tls.crt", certificate.ExportCertificatePem());
        _folder.Write("tls.key", key.ExportPkcs8PrivateKeyPem());
    }

    private (X509Certificate2 Certificate, ECDsa Key) Make(string name, int from, int until)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        return (request.CreateSelfSigned(_time.GetUtcNow().AddDays(from), _time.GetUtcNow().AddDays(until)), key);
    }
}
