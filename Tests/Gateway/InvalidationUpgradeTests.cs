using System.Collections.Concurrent;
using Orleans.Configuration;
using RegistryProxy.Gateway.Cache.Invalidation;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Cache;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Scale;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Gateways of this version and of the former one hear of each other's writes, whatever the silos are.</summary>
public sealed class InvalidationUpgradeTests
{
    private static readonly Destination Place = new(CacheLab.Hub, RepositoryName.Parse("team/app"), false);
    private static readonly ManifestReference Tag = ManifestReference.Of(
        RegistryProxy.Protocol.Tag.TryParse("v1", out var tag) ? tag : throw new FormatException());

    [Theory]
    [InlineData("current")]
    [InlineData("former")]
    [InlineData("mixed")]
    public async Task Writes_reach_gateways_of_every_version(string silos)
    {
        var started = 0;
        await using var cluster = await GrainCluster.Start(DoorConfiguration.Single("http://127.0.0.1:1"), silos: 2,
            prepare: folder => folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"),
            silo: silo =>
            {
                if (silos == "former" || (Interlocked.Increment(ref started) == 2 && silos == "mixed"))
                {
                    silo.Configure<GrainTypeOptions>(types => types.Classes.Remove(typeof(WriteShardGrain)));
                }
            });
        await using var gateway = await GatewayHalf.Start(cluster.Client, all: false);
        await using var writer = await GatewayHalf.Start(cluster.Client, all: false);
        var former = new Former();

        // A grain of the former version does not say that it is followed by one.
        var report = new CacheReport { Gateway = "former", State = "ok", FollowsShards = silos != "current" };
        var (reference, cache) = (cluster.Client.CreateObjectReference<ICacheObserver>(former), cluster.Client.GetGrain<ICacheGrain>(0));
        await cache.Follow(reference, report);
        using var leaves = new CancellationTokenSource();
        var following = GoOn();

        // Of this version, to all.
        var write = Assert.NotNull(await writer.Announcer.Begin(Place, Tag));
        Assert.Contains(former.Heard, change => change.Write == write);
        await Eventually.True(() => gateway.Clock.Hears(new(CacheLab.Hub.Address, Place.Name)) == (silos != "former"), "it is told");
        await writer.Announcer.End(Place, Tag, write, WriteStep.Done);
        await Eventually.True(() => former.Heard.Any(change => change.Write == write && change.IsFinished), "its end is told, too");

        // Of the former version, to one that believes what it keeps, or does not.
        var mark = await gateway.Pull(new(new("acme", "hub"), CacheLab.Hub.Address, Place.Name));
        Assert.Equal(silos != "former", gateway.Clock.Believes(new(CacheLab.Hub.Address, Place.Name), mark.At));
        await cache.Changed(new CacheChange(CacheLab.Hub.Address, Place.Name.Value, "v1", false, Write: Guid.NewGuid()));
        Assert.False(gateway.Clock.MayLearn(new(CacheLab.Hub.Address, Place.Name, Tag), mark));
        await leaves.CancelAsync();
        await following;
        GC.KeepAlive(former);

        // As gateways do: who does not ask again is soon told no more.
        async Task GoOn()
        {
            while (!leaves.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), leaves.Token).ContinueWith(_ => { }, TaskScheduler.Default);
                await cache.Follow(reference, report);
            }
        }
    }

    private sealed class Former : ICacheObserver
    {
        public ConcurrentQueue<CacheChange> Heard { get; } = new();

        public Task Changed(CacheChange change)
        {
            Heard.Enqueue(change);
            return Task.CompletedTask;
        }
    }
}
