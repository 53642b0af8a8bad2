using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Grains;

/// <summary>What a silo says while it cannot agree with its cluster on a configuration.</summary>
public sealed class RevisionFollowerTests
{
    [Fact]
    public async Task That_the_cluster_cannot_be_agreed_with_is_told_once_and_so_is_its_end()
    {
        using var folder = new TemporaryFolder();
        var (time, log, fails) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new LogLines<RevisionFollower>(), true);
        var sync = DispatchProxy.Create<IRevisionSyncGrain, ScriptedSessions.Proxy>();
        ((ScriptedSessions.Proxy)(object)sync).Answer = (_, _) => fails ? throw new TimeoutException("too large") : ValueTask.CompletedTask;
        var grains = DispatchProxy.Create<IGrainFactory, ScriptedSessions.Proxy>();
        ((ScriptedSessions.Proxy)(object)grains).Answer = (_, _) => sync;
        var silo = DispatchProxy.Create<ISiloStatusOracle, ScriptedSessions.Proxy>();
        ((ScriptedSessions.Proxy)(object)silo).Answer = (_, _) => SiloStatus.Active;
        var read = ConfigurationFile.Read(folder.Write("config.yaml", """
            upstreams: { up: { url: "https://registry.example" } }
            tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }], access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }] } }
            """));
        var feed = new RevisionFeed(new FixedConfiguration(read.Snapshot!), folder.File("config.yaml"), time);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var waiting = new MeterReadings(services.GetRequiredService<IMeterFactory>(), "registryproxy.configuration.waiting");
        using var follower = new RevisionFollower(
            grains, feed, silo, time, services.GetRequiredService<IMeterFactory>(), log);
        await follower.StartAsync(TestContext.Current.CancellationToken);

        await time.Pass(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(0.1));
        Assert.Equal((0, 0), (Now(), Said("ALARM")));
        await time.Pass(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(0.1));
        Assert.Equal((1, 1), (Now(), Said("changes of them do not take effect")));
        fails = false;
        await time.Pass(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(0.1));
        Assert.Equal((0, 1), (Now(), Said("says again which configuration")));
        await follower.StopAsync(TestContext.Current.CancellationToken);

        int Now() => (int)waiting.Shown().Single().Value;
        int Said(string text) => log.Lines.Count(line => line.Contains(text));
    }
}
