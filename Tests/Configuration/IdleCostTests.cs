using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Network;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>A silo of a thousand tenants at which nobody changes anything makes no garbage with looking whether somebody did.</summary>
public sealed class IdleCostTests : IDisposable
{
    private const int Tenants = 1000;

    /// <summary>Bytes of one look, twice a second: a megabyte in a second would be 500,000.</summary>
    private const long MaxBytes = 20_000;

    private readonly TemporaryFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly string _path;
    private readonly FixedConfiguration _feed;

    public IdleCostTests()
    {
        _path = _folder.Write("config.yaml", Yaml());
        var result = ConfigurationFile.Read(_path);
        Assert.True(result.Snapshot is not null, string.Join('\n', result.Errors));
        _feed = new FixedConfiguration(result.Snapshot);
    }

    [Fact]
    public void Looking_at_the_files_costs_next_to_nothing()
    {
        using var watcher = new ConfigurationWatcher(_path, _feed.Current, _time);
        using var proxies = new EgressProxies(_feed, _time, NullLogger<EgressProxies>.Instance);
        using var networks = new UpstreamNetworks(_feed, proxies, _time, NullLogger<UpstreamNetworks>.Instance);
        var factory = new AuthenticatorFactory(new PasswordWork(), null!, null!, proxies, _time, NullLoggerFactory.Instance);
        using var authenticators = new AuthenticatorDirectory(_feed, factory, _time, NullLogger<AuthenticatorDirectory>.Instance);
        ITicking[] all = [watcher, proxies, networks, authenticators];
        for (var look = 0; look < 8; look++)
        {
            Array.ForEach(all, each => each.Tick());
        }

        Assert.All(all, each => Assert.True(Allocated(each.Tick) < MaxBytes, $"{each}: {Allocated(each.Tick)}"));
        Assert.True(authenticators.Running.Version.Length < 40, authenticators.Running.Version);
        Assert.True(networks.Version.Length < 40, networks.Version);
    }

    [Fact]
    public void What_the_cluster_follows_is_compared_without_reading_the_file()
    {
        var feed = new RevisionFeed(_feed, _path, _time);
        var (revision, sections) = feed.Highest;
        feed.Follow(revision, sections);
        Assert.InRange(Allocated(() => feed.Follow(revision, sections)), 0, MaxBytes);
        Assert.Null(feed.Conflict);
    }

    public void Dispose() => _folder.Dispose();

    private static long Allocated(Action action)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private string Yaml()
    {
        var (upstreams, authenticators, tenants) = (new StringBuilder(), new StringBuilder(), new StringBuilder());
        for (var i = 0; i < Tenants; i++)
        {
            _folder.Write($"users-{i}", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
            _folder.Write($"proxy-{i}", "secret");
            upstreams.Append(
                $"  u{i}: {{ url: \"https://registry-{i}.example\", proxy: {{ url: \"http://proxy.example:3128\", username: u, password: " +
                $"{{ file: proxy-{i} }} }} }}\n");
            authenticators.Append($"  a{i}: {{ type: htpasswd, file: users-{i} }}\n");
            tenants.Append(
                $"  t{i}: {{ hosts: [t{i}.example], publicUrl: \"https://t{i}.example\", authenticators: " +
                $"[a{i}], routes: [{{ prefix: \"\", upstream: u{i} }}] }}\n");
        }

        return $"upstreams:\n{upstreams}authenticators:\n{authenticators}tenants:\n{tenants}";
    }
}
