using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Network;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>Files of upstreams that are replaced while they are in use.</summary>
public sealed class UpstreamNetworksTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly Lines _log = new();

    [Fact]
    public void Changed_files_are_taken_over_and_broken_ones_leave_the_last_good_ones_in_use()
    {
        using var authority = TestCertificates.Authority("company");
        Write(authority.Issue("first"));
        _folder.Write("ca.crt", authority.ExportCertificatePem());
        var result = ConfigurationFile.Read(_folder.Write("config.yaml", """
            upstreams:
              corp: { url: "https://registry.corp", realms: ["https://login.corp/token"], tls: { ca: ca.crt, certificate: client.crt, key: client.key } }
              hub: { url: "https://registry-1.docker.io" }
            tenants: { acme: { hosts: ["*"], routes: [ { prefix: "", upstream: corp } ] } }
            """));
        Assert.Empty(result.Errors);
        var feed = new FixedConfiguration(result.Snapshot!);
        using var proxies = new EgressProxies(feed, _time, NullLogger<EgressProxies>.Instance);
        using var networks = new UpstreamNetworks(feed, proxies, _time, _log);
        var changes = 0;
        networks.Changed += () => changes++;
        var (upstreams, version) = (result.Snapshot!.Configuration.Upstreams, networks.Version);

        // Another silo names the same alike, for who has the key of the cluster, and nobody else knows what it is.
        using var others = new UpstreamNetworks(feed, proxies, _time, NullLogger<UpstreamNetworks>.Instance);
        var (key, named) = (new Secret("of the cluster"), networks.VersionUnder(new Secret("of the cluster")));
        Assert.NotEqual(version, others.Version);
        Assert.Equal(named, others.VersionUnder(key));
        Assert.NotEqual(named, others.VersionUnder(new Secret("of another cluster")));
        Assert.True(networks.Of(upstreams["hub"]).IsPlain);
        Assert.Null(networks.SnapshotOf(upstreams["hub"]));
        var settings = networks.Of("corp")!;
        Assert.Contains("BEGIN CERTIFICATE", settings.Tls!.Authorities);
        Assert.True(settings.Targets.Owns(new Uri("https://login.corp/token")));
        Assert.False(settings.Targets.Owns(new Uri("https://storage.corp/")));
        Assert.Equal(settings.Tls.Key, networks.SnapshotOf(upstreams["corp"])!.Key);

        var second = authority.Issue("second");
        (string Certificate, string Key)[] useless = [(second.Certificate, authority.Issue("other").Key), ("", ""), ("x", second.Key),
            authority.Issue("old", DateTimeOffset.UtcNow.AddMinutes(-1))];
        foreach (var pair in useless)
        {
            Write(pair);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal((version, settings, 0), (networks.Version, networks.Of("corp")!, changes));
        }

        // Two of them are one problem.
        Assert.Equal(useless.Length - 1, _log.Count);
        Assert.All(_log, line => Assert.Contains("upstreams.corp.tls", line));
        Assert.DoesNotContain("PRIVATE KEY", string.Concat(_log));

        Write(second);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, changes);
        Assert.NotEqual(version, networks.Version);
        Assert.NotEqual(named, networks.VersionUnder(key));
        Assert.Equal(second.Certificate, networks.Of("corp")!.Tls!.Certificate);
    }

    [Fact]
    public void What_is_refused_for_its_time_is_looked_at_again_when_the_time_has_come()
    {
        using var authority = TestCertificates.Authority("company");
        Write(authority.Issue("first", DateTimeOffset.UtcNow.AddMinutes(10)));
        var feed = new FixedConfiguration(ConfigurationFile.Read(_folder.Write("config.yaml", """
            upstreams: { corp: { url: "https://registry.corp", tls: { certificate: client.crt, key: client.key } } }
            tenants: { acme: { hosts: ["*"], routes: [ { prefix: "", upstream: corp } ] } }
            """)).Snapshot!);
        using var proxies = new EgressProxies(feed, _time, NullLogger<EgressProxies>.Instance);
        using var networks = new UpstreamNetworks(feed, proxies, _time, _log);
        var next = authority.Issue("next", DateTimeOffset.UtcNow.AddMinutes(-1));
        Write(next);
        for (var i = 0; i < 5; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            Assert.NotEqual(next.Certificate, networks.Of("corp")!.Tls!.Certificate);
        }

        Assert.Single(_log);

        // Now neither of them has a life, and what the operator put there last is used.
        _time.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal(next.Certificate, networks.Of("corp")!.Tls!.Certificate);
    }

    public void Dispose() => _folder.Dispose();

    private void Write((string Certificate, string Key) pair)
    {
        _folder.Write("client.crt", pair.Certificate);
        _folder.Write("client.key", pair.Key);
    }

    private sealed class Lines : ConcurrentQueue<string>, ILogger<UpstreamNetworks>
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Enqueue(formatter(state, exception));
    }
}
