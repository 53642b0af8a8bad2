using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Configuration;

/// <summary><c>tls</c> of upstreams, in the file.</summary>
public sealed class CompanyNetworkFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Files_of_tls_are_tried_when_the_file_is_read()
    {
        using var authority = TestCertificates.Authority("company");
        var (good, expired) = (authority.Issue("good"), authority.Issue("expired", DateTimeOffset.UtcNow.AddMinutes(-1)));
        foreach (var (name, pair) in new[] { ("good", good), ("expired", expired) })
        {
            _folder.Write($"{name}.crt", pair.Certificate);
            _folder.Write($"{name}.key", pair.Key);
        }

        _folder.Write("ca.crt", authority.ExportCertificatePem());
        var read = Read("tls: { ca: ca.crt, certificate: good.crt, key: good.key }");
        Assert.Empty(read.Errors);
        Assert.Equal(
            new UpstreamTls(_folder.File("ca.crt"), _folder.File("good.crt"), _folder.File("good.key")), read.Snapshot!.Configuration.Upstreams["corp"].Tls);
        Assert.Contains("expired at", Assert.Single(Read("tls: { certificate: expired.crt, key: expired.key }").Warnings).Message);

        Has("tls: { certificate: good.crt, key: expired.key }", "upstreams.corp.tls.certificate", _folder.File("expired.key"));
        Has("tls: { certificate: good.crt }", "upstreams.corp.tls.key", "belong together");
        Has("tls: { key: good.key }", "upstreams.corp.tls.certificate", "belong together");
        Has("tls: { ca: missing.crt }", "upstreams.corp.tls.ca", _folder.File("missing.crt"));
        Has("tls: { cert: good.crt, key: good.key }", "upstreams.corp.tls.cert", "certificate");
        Has("tls: { }", "upstreams.corp.tls", "needs ca");
    }

    public void Dispose() => _folder.Dispose();

    private void Has(string part, string field, string message) => Assert.Contains(Read(part).Errors, error => error.Field == field && error.Message.Contains(message));

    private ConfigurationResult Read(string part) => ConfigurationFile.Parse($$"""
        upstreams: { corp: { url: "https://registry.corp", {{part}} } }
        tenants: { acme: { hosts: ["*"], routes: [ { prefix: "", upstream: corp } ] } }
        """, _folder.File("config.yaml"));
}
