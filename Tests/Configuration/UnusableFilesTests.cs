using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Network;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Configuration;

/// <summary>
/// Whatever file of a running configuration cannot be used: one line says which section names it, since when, how often and why, and one
/// that it can be used again.
/// </summary>
public sealed class UnusableFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly PasswordWork _work = new();
    private readonly LogLines<UpstreamNetworks> _ofNetworks = new();
    private readonly LogLines<EgressProxies> _ofProxies = new();
    private readonly LogLines<AuthenticatorDirectory> _ofAuthenticators = new();

    [Theory]
    [InlineData("ca.crt", "upstreams.corp.tls", null)]
    [InlineData("ca.crt", "upstreams.corp.tls", "nonsense")]
    [InlineData("client.key", "upstreams.corp.tls", null)]
    [InlineData("client.key", "upstreams.corp.tls", "")]
    [InlineData("proxy-password", "egress.proxy.password", null)]
    [InlineData("own-password", "upstreams.corp.proxy.password", null)]
    [InlineData("htpasswd", "authenticators.staff", null)]
    [InlineData("htpasswd", "authenticators.staff", "nonsense")]
    [InlineData("keys.json", "authenticators.ci", null)]
    [InlineData("keys.json", "authenticators.ci", "{")]
    public void It_is_told_when_it_begins_and_when_it_ends(string file, string section, string? damage)
    {
        var feed = Read();
        using var proxies = new EgressProxies(feed, _time, _ofProxies);
        using var networks = new UpstreamNetworks(feed, proxies, _time, _ofNetworks);
        var factory = new AuthenticatorFactory(_work, null!, null!, null!, _time, NullLoggerFactory.Instance);
        using var authenticators = new AuthenticatorDirectory(feed, factory, _time, _ofAuthenticators);
        using var gauge = new MeterReadings(null, "registryproxy.configuration.unusable");
        var good = File.ReadAllText(_folder.File(file));
        Assert.Empty(Lines);
        if (damage is null)
        {
            File.Delete(_folder.File(file));
        }
        else
        {
            _folder.Write(file, damage);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        var since = _time.GetUtcNow();
        var line = Assert.Single(Lines);
        Assert.StartsWith($"{section} cannot be used since ", line);
        Assert.Contains(" (failures: 1): ", line);
        Assert.EndsWith("; the previous content stays in use", line);
        Assert.InRange(DateTimeOffset.Parse(line[$"{section} cannot be used since ".Length..].Split(" (")[0]),
            since.AddSeconds(-2), since);
        Assert.Equal(section == "upstreams.corp.tls", networks.ProblemOf("corp") is { } problem && problem.Problem == line);
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Contains(gauge.Shown(), one => Equals(one.Labels["section"], section) && one.Value is > 59 and < 63);
        Assert.Single(Lines);
        _folder.Write(file, good + (file.EndsWith("password", StringComparison.Ordinal) ? "" : "\n"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(2, Lines.Count);
        Assert.Matches($"^{section} can be used again after \\d+ failures since ", Lines[^1]);
        Assert.Null(networks.ProblemOf("corp"));
        Assert.Contains(gauge.Shown(), one => Equals(one.Labels["section"], section) && one.Value == 0);
    }

    public void Dispose() => _folder.Dispose();

    private List<string> Lines => [.. _ofNetworks.Lines, .. _ofProxies.Lines, .. _ofAuthenticators.Lines];

    private FixedConfiguration Read()
    {
        using var authority = TestCertificates.Authority("company");
        var (certificate, key) = authority.Issue("client");
        _folder.Write("ca.crt", authority.ExportCertificatePem());
        _folder.Write("client.crt", certificate);
        _folder.Write("client.key", key);
        _folder.Write("proxy-password", "canary-one");
        _folder.Write("own-password", "canary-two");
        _folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
        _folder.Write("keys.json",
            """{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}""");
        var result = ConfigurationFile.Read(_folder.Write("config.yaml", """
            egress: { proxy: { url: "http://proxy.corp:3128", username: me, password: { file: proxy-password } } }
            upstreams:
              corp: { url: "https://registry.corp", tls: { ca: ca.crt, certificate: client.crt, key: client.key }, proxy: { url: "http://own.corp:3128", username: me, password: { file: own-password } } }
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
              ci: { type: oidc, issuer: "https://ci.example", audience: door, require: { a: b }, jwks: { file: keys.json } }
            tenants: { acme: { hosts: ["*"], authenticators: [staff, ci], routes: [ { prefix: "", upstream: corp } ] } }
            """));
        Assert.Empty(result.Errors);
        return new FixedConfiguration(result.Snapshot!);
    }
}
