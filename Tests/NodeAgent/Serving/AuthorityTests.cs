using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent.Serving;

/// <summary>The authorities of a front door are read when they are needed, and again until they can be.</summary>
public sealed class AuthorityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_file_that_is_gone_is_said_at_each_login_until_it_is_there()
    {
        var ca = _folder.File("ca.crt");
        using var http = RegistryTokenClient.CreateHttp(ca);
        var door = new RegistryTokenClient(new Uri($"https://127.0.0.1:{FreePort.Next()}"), http, TimeProvider.System);
        foreach (var text in (string?[])[null, "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
        {
            if (text is not null)
            {
                _folder.Write("ca.crt", text);
            }

            Assert.False((await door.Nonce("nodes", default)).Succeeded(out _, out var failure));
            Assert.Equal(FailureKind.Unavailable, failure.Kind);
            Assert.Contains($"{ca} cannot be read as certificates in PEM", failure.Message);
        }

        _folder.Write("ca.crt", TestCertificates.Authority("door").ExportCertificatePem());
        Assert.False((await door.Nonce("nodes", default)).Succeeded(out _, out var other));
        Assert.Contains("does not answer", other.Message);
        Assert.DoesNotContain("cannot be read", other.Message);
    }

    [Fact]
    public async Task A_bundle_may_have_comments_in_any_encoding()
    {
        var bundle = _folder.File("bundle.pem");
        var authority = TestCertificates.Authority("door");
        await File.WriteAllTextAsync(bundle, $"# Autorit\u00e9\n{authority.ExportCertificatePem()}\n", System.Text.Encoding.Latin1);
        Assert.Null(Authorities.Problem(bundle, bundle));
        Assert.Equal(authority.Thumbprint, Assert.Single(Authorities.Load(bundle)).Thumbprint);
    }

    public void Dispose() => _folder.Dispose();
}
