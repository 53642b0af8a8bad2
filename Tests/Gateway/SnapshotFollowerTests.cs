using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using RegistryProxy.Gateway;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.SnapshotUpdates;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What a gateway believes of what it is told about the snapshot, and what the cluster does to tell it.</summary>
public sealed class SnapshotFollowerTests : IAsyncLifetime
{
    private const string Yaml = """
        upstreams: { up: { url: "https://registry.example" } }
        tenants: { acme: { hosts: ["*"], routes: [{ prefix: "", upstream: up }], access: [{ name: all, who: [anonymous], repositories: ["**"], actions: [pull] }] } }
        """;

    private readonly KeyQuestions _questions = new();
    private GrainCluster _cluster = null!;
    private ServiceProvider _services = null!;
    private SnapshotFollower _follower = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await GrainCluster.Start(Yaml, silo: silo => silo.AddIncomingGrainCallFilter(_questions));
        _services = new ServiceCollection().AddLogging().AddMetrics().AddSerializer().AddSingleton(_cluster.Client)
            .AddSingleton(new ClientAddress([]))
            .AddGateway(new GatewayOptions()).BuildServiceProvider();
        _follower = ActivatorUtilities.CreateInstance<SnapshotFollower>(_services);
        await _follower.StartAsync(CancellationToken.None);
        await Eventually.True(() => Map is not null, "the first map is here");
    }

    public async ValueTask DisposeAsync()
    {
        await _follower.StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    private FrontDoorMap? Map => _services.GetRequiredService<CurrentMap>().Value;

    [Fact]
    public async Task A_late_push_of_a_former_epoch_changes_nothing_but_makes_it_ask()
    {
        var (map, asked) = (Map!, _questions.Follows);
        var stale = map.Snapshot with { Version = "stale", ConfigurationVersion = "stale", Keys = [] };
        await _follower.Changed(
            new SnapshotUpdate { Position = new SnapshotPosition("stale", 7, "former"), Snapshot = stale, DropAllDecisions = true });
        Assert.Same(map, Map);
        await Eventually.True(() => _questions.Follows > asked, "it asks at once", TimeSpan.FromSeconds(1.5));
        Assert.Same(map, Map);
    }

    [Fact]
    public async Task Who_meets_an_unknown_key_gets_the_newer_map_if_there_is_one()
    {
        var (map, rounds) = (Map!, _services.GetRequiredService<SnapshotRounds>());
        Assert.Null(await rounds.Newer(map, CancellationToken.None));
        _cluster.Configuration.Replace(_cluster.Configuration.Current with { Version = "next" });
        var newer = await rounds.Newer(map, CancellationToken.None);
        Assert.Equal("next", newer!.Snapshot.ConfigurationVersion);
        Assert.Same(newer, await rounds.Newer(map, CancellationToken.None));
    }

    [Fact]
    public async Task A_crowd_of_gateways_after_a_change_has_the_snapshot_built_once_or_twice()
    {
        var before = _questions.Keys;
        _questions.Delay = TimeSpan.FromMilliseconds(300);
        _cluster.Configuration.Replace(_cluster.Configuration.Current with { Version = "crowd" });
        var observer = _cluster.Client.CreateObjectReference<ISnapshotObserver>(_follower);
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 200)
                .Select(_ => _cluster.Client.GetGrain<ISnapshotGrain>(0).Follow(observer, SnapshotPosition.Nothing).AsTask()));
        Assert.All(answers, answer => Assert.Equal("crowd", answer.Snapshot!.ConfigurationVersion));
        Assert.InRange(_questions.Keys - before, 1, 4);
    }

    /// <summary>Counts what is asked, and may answer slowly.</summary>
    private sealed class KeyQuestions : IIncomingGrainCallFilter
    {
        private int _keys;
        private int _follows;

        public int Keys => _keys;

        public int Follows => _follows;

        public TimeSpan Delay { get; set; }

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.MethodName == nameof(ISnapshotGrain.Follow) && context.InterfaceMethod.DeclaringType == typeof(ISnapshotGrain))
            {
                Interlocked.Increment(ref _follows);
            }
            else if (context.MethodName == "GetPublished")
            {
                Interlocked.Increment(ref _keys);
                await Task.Delay(Delay);
            }

            await context.Invoke();
        }
    }
}
