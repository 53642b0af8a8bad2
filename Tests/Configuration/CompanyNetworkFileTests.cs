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
            new UpstreamTls(new CertificateSource(_folder.File("ca.crt"), null), _folder.File("good.crt"), _folder.File("good.key")),
            read.Snapshot!.Configuration.Upstreams["corp"].Tls);
        Assert.Single(Read("tls: { certificate: expired.crt, key: expired.key }").Warnings,
            warning => warning.Message.Contains("expired at"));

        Has("tls: { certificate: good.crt, key: expired.key }", "upstreams.corp.tls.certificate", _folder.File("expired.key"));
        Has("tls: { certificate: good.crt }", "upstreams.corp.tls.key", "are required together");
        Has("tls: { key: good.key }", "upstreams.corp.tls.certificate", "are required together");
        Has("tls: { ca: missing.crt }", "upstreams.corp.tls.ca", _folder.File("missing.crt"));
        Has("tls: { cert: good.crt, key: good.key }", "upstreams.corp.tls.cert", "certificate");
        Has("tls: { }", "upstreams.corp.tls", "needs ca");
    }

    [Fact]
    public void Proxies_are_an_address_a_map_or_none()
    {
        var read = Read("proxy: { url: \"http://proxy.corp:3128\", username: u, password: { value: canary } }",
            "egress: { proxy: \"http://general.corp:3128\", noProxy: [\"*.corp\", 10.0.0.0/8] }");
        Assert.Empty(read.Errors);
        var configuration = read.Snapshot!.Configuration;
        Assert.Equal(("http://proxy.corp:3128/", "u"),
            (configuration.Upstreams["corp"].Proxy!.Url!.AbsoluteUri, configuration.Upstreams["corp"].Proxy!.Username));
        Assert.Equal("http://general.corp:3128/", configuration.Egress.Proxy!.Url!.AbsoluteUri);
        Assert.Equal(["*.corp", "10.0.0.0/8"], configuration.Egress.NoProxy);
        Assert.Equal(ProxyConfiguration.None, Read("proxy: none").Snapshot!.Configuration.Upstreams["corp"].Proxy);
        Assert.Null(Read("redirects: pass").Snapshot!.Configuration.Upstreams["corp"].Proxy);

        Has("proxy: proxy.corp", "upstreams.corp.proxy", "http://");
        Has("proxy: \"http://me:canary@proxy.corp:3128\"", "upstreams.corp.proxy", "proxy: { url, username, password }");
        Has("proxy: { url: \"socks5://proxy.corp\" }", "upstreams.corp.proxy.url", "http://");
        Has("proxy: { username: u }", "upstreams.corp.proxy.url", "required");
        Has("proxy: { url: \"http://p\", password: { value: canary } }", "upstreams.corp.proxy.username", "required");
        Has("proxy: { url: \"http://p\", user: u }", "upstreams.corp.proxy.user", "username");
        Assert.Contains(Read("redirects: pass", "egress: { noProxy: [a] }").Errors, error => error.Field == "egress.noProxy");
        Assert.Contains(Read("redirects: pass", "egress: { proxy: \"http://p\", noProxy: [\"a b\"] }").Errors,
            error => error.Field.StartsWith("egress.noProxy", StringComparison.Ordinal));
        Assert.Contains(Read("redirects: pass", "egress: { proxies: x }").Errors, error => error.Field == "egress.proxies");
        Assert.DoesNotContain(Read("proxy: \"http://me:canary@proxy.corp:3128\"").Errors, error => error.ToString().Contains("canary"));
    }

    public void Dispose() => _folder.Dispose();

    private void Has(string part, string field, string message) =>
        Assert.Contains(Read(part).Errors, error => error.Field == field && error.Message.Contains(message));

    private ConfigurationResult Read(string part, string top = "") => ConfigurationFile.Parse($$"""
        {{top}}
        upstreams: { corp: { url: "https://registry.corp", {{part}} } }
        tenants: { acme: { hosts: ["*"], routes: [ { prefix: "", upstream: corp } ] } }
        """, _folder.File("config.yaml"));
}
