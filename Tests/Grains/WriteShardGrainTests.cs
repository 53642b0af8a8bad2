using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;
using RegistryProxy.Grains.Cache;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// A write is told to who keeps something of its repository, waits for nobody else, and reaches gateways of every version.
/// </summary>
public sealed class WriteShardGrainTests
{
    private const string Upstream = "https://registry.example";

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public void Groups_are_those_that_every_version_has_and_hold_as_many_repositories_each()
    {
        Assert.Equal((WriteGroup.Shards, WriteGroup.Groups), (16, 256));
        Assert.Equal(
            [new(9, 183), new(10, 94), new(5, 106)],
            new[] { "team/app", "library/nginx", "a" }.Select(name => WriteGroup.Of(Upstream, name)));
        var groups = Enumerable.Range(0, 100_000).Select(i => WriteGroup.Of($"https://{i % 100}.example", $"team-{i / 100}/app")).ToList();
        Assert.All(groups.GroupBy(group => group.Shard), shard => Assert.InRange(shard.Count(), 5_500, 7_000));
        Assert.Equal(WriteGroup.Shards * WriteGroup.Groups, groups.Distinct().Count());
    }

    [Fact]
    public async Task A_gateway_that_does_not_answer_costs_the_pushes_of_what_it_keeps_and_nobody_elses()
    {
        await using var cluster = await Start();
        var kept = Change("team/app");
        var (ofShard, elsewhere) = (Other(kept, isOfShard: true), Other(kept, isOfShard: false));
        var slow = await Gateway.Follow(cluster, this, "slow", kept);
        var well = await Gateway.Follow(cluster, this, "well", kept, ofShard, elsewhere);
        await Settle(slow, well);
        slow.IsDeaf = true;

        // Not a moment passes here.
        for (var push = 0; push < 20; push++)
        {
            await Shard(cluster, ofShard).Changed(ofShard with { Write = Guid.NewGuid() });
            await Shard(cluster, elsewhere).Changed(elsewhere with { Write = Guid.NewGuid() });
        }

        Assert.Equal(40, well.Heard.Count);
        Assert.Empty(slow.Heard);
        var push1 = Shard(cluster, kept).Changed(kept).AsTask();
        await Eventually.True(() => slow.Heard.Count == 1 && well.Heard.Count == 41, "both are told");
        await Shard(cluster, ofShard).Changed(ofShard with { Write = Guid.NewGuid() });
        Assert.False(push1.IsCompleted);
        var began = _time.GetTimestamp();
        await Passing(push1);
        Assert.InRange(_time.GetElapsedTime(began).TotalSeconds, 1, CacheReport.Trust.TotalSeconds + 1);
    }

    [Fact]
    public async Task A_gateway_that_throws_fails_no_push()
    {
        await using var cluster = await Start();
        var change = Change("team/app");
        var broken = await Gateway.Follow(cluster, this, "broken", change);
        var well = await Gateway.Follow(cluster, this, "well", change);
        await Settle(broken, well);
        broken.Throws = true;
        await Passing(Shard(cluster, change).Changed(change).AsTask());
        Assert.Single(broken.Heard);
        await Shard(cluster, change).Changed(change with { IsFinished = true });
        Assert.Equal(2, well.Heard.Count);
    }

    [Fact]
    public async Task Who_begins_to_keep_something_hears_of_the_writes_that_have_begun_there_and_not_ended()
    {
        await using var cluster = await Start();
        var (change, ended) = (Change("team/app"), Change("team/app", "v2"));
        var other = Other(change, isOfShard: true);
        var gateway = await Gateway.Follow(cluster, this, "a", other);
        await Settle(gateway);
        await Shard(cluster, change).Changed(change);
        await Shard(cluster, ended).Changed(ended);
        await Shard(cluster, ended).Changed(ended with { IsRefused = true });
        await Shard(cluster, other).Changed(other);
        Assert.Equal([other], gateway.Heard);
        var before = await gateway.Renew();
        gateway.Keep(change);
        Assert.Equal(before, await gateway.Renew());
        Assert.Equal([other, change], gateway.Heard);
        await gateway.Renew();
        Assert.Equal(2, gateway.Heard.Count);

        // What was said before comes late, and takes nothing back.
        await gateway.RenewLate();
        await Shard(cluster, change).Changed(change with { IsFinished = true });
        Assert.Equal(3, gateway.Heard.Count);
    }

    [Fact]
    public async Task Gateways_of_the_former_version_hear_of_every_write_and_are_heard()
    {
        await using var cluster = await Start();
        var (change, cache) = (Change("team/app"), cluster.Client.GetGrain<ICacheGrain>(0));
        var current = await Gateway.Follow(cluster, this, "current", change);
        await current.FollowCache(isFormer: false);
        await Settle(current);
        await current.FollowCache(isFormer: false);
        await Shard(cluster, change).Changed(change);
        Assert.Single(current.Heard);

        // It is told of writes from the moment on in which it hears that it is.
        var former = new Gateway(cluster, this, "former");
        var subscription = await former.FollowCache(isFormer: true);
        await Shard(cluster, change).Changed(change with { Write = Guid.NewGuid() });
        Assert.Single(former.Heard);
        await cache.Changed(change with { Write = Guid.NewGuid() });
        Assert.Equal(2, former.Heard.Count);
        Assert.Equal(3, current.Heard.Distinct().Count());
        for (var second = 0; second < 10; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(subscription, await former.FollowCache(isFormer: true));
            await Task.WhenAll(current.Renew(), current.FollowCache(isFormer: false));
            await Shard(cluster, change).Changed(change with { Write = Guid.NewGuid() });
            Assert.Equal(3 + second, former.Heard.Count);
        }
    }

    [Fact]
    public async Task While_a_silo_of_the_former_version_is_there_writes_are_told_where_it_may_have_the_subscriptions()
    {
        var counted = new ChangesOfCache();
        await using var cluster = await GrainCluster.Start(DoorConfiguration.Single("http://127.0.0.1:1"), silos: 2, time: _time,
            prepare: Passwords, silo: silo =>
            {
                silo.AddIncomingGrainCallFilter(counted);
                if (Interlocked.Increment(ref counted.Silos) == 2)
                {
                    silo.Configure<GrainTypeOptions>(types => types.Classes.Remove(typeof(WriteShardGrain)));
                }
            });
        var change = Change("team/app");
        await Passing(Shard(cluster, change).Changed(change).AsTask());
        _time.Advance(FormerGateways.Trust * 2);
        var before = counted.Count;
        await Shard(cluster, change).Changed(change);
        Assert.Equal(before + 1, counted.Count);
        var gateway = await Gateway.Follow(cluster, this, "a", change);
        _time.Advance(FormerGateways.Trust * 2);
        await gateway.Renew();
        Assert.False(gateway.IsWhole);
    }

    [Fact]
    public async Task Where_nothing_is_of_the_former_version_a_write_asks_its_shard_alone()
    {
        var counted = new ChangesOfCache();
        await using var cluster = await GrainCluster.Start(DoorConfiguration.Single("http://127.0.0.1:1"), silos: 2, time: _time,
            prepare: Passwords, silo: silo => silo.AddIncomingGrainCallFilter(counted));
        var change = Change("team/app");
        var gateway = await Gateway.Follow(cluster, this, "a", change);
        await gateway.FollowCache(isFormer: false);
        await Settle(gateway);
        var before = counted.Count;
        await Shard(cluster, change).Changed(change);
        Assert.Equal(before, counted.Count);
    }

    [Fact]
    public async Task Who_follows_the_shard_alone_hears_of_writes_of_gateways_of_the_former_version()
    {
        await using var cluster = await Start();
        var change = Change("team/app");
        var gateway = await Gateway.Follow(cluster, this, "a", change);
        Assert.False(gateway.IsWhole);
        await Settle(gateway);
        Assert.True(gateway.IsWhole);
        await Passing(cluster.Client.GetGrain<ICacheGrain>(0).Changed(change).AsTask());
        Assert.Equal([change], gateway.Heard);
    }

    private async Task<GrainCluster> Start() =>
        await GrainCluster.Start(DoorConfiguration.Single("http://127.0.0.1:1"), time: _time, prepare: Passwords);

    private static void Passwords(TemporaryFolder folder) =>
        folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");

    private static IWriteShardGrain Shard(GrainCluster cluster, CacheChange change) =>
        cluster.Client.GetGrain<IWriteShardGrain>(GroupOf(change).Shard);

    private static WriteGroup GroupOf(CacheChange change) => WriteGroup.Of(change.Upstream, change.Repository);

    private static CacheChange Change(string repository, string tag = "v1") => new(Upstream, repository, tag, false, Write: Guid.NewGuid());

    private static CacheChange Other(CacheChange change, bool isOfShard) => Enumerable.Range(0, 1000).Select(i => Change($"other/{i}"))
        .First(other => (GroupOf(other).Shard == GroupOf(change).Shard) == isOfShard && GroupOf(other).Group != GroupOf(change).Group);

    /// <summary>What an activation before these may have told is over.</summary>
    private async Task Settle(params Gateway[] gateways)
    {
        _time.Advance(FormerGateways.Trust);
        await Task.WhenAll(gateways.Select(gateway => gateway.Renew()));
    }

    private async Task Passing(Task write)
    {
        while (!write.IsCompleted)
        {
            await Task.WhenAny(write, Task.Delay(20));
            _time.Advance(TimeSpan.FromMilliseconds(200));
        }

        await write;
    }

    private sealed class ChangesOfCache : IIncomingGrainCallFilter
    {
        public int Silos;
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.InterfaceMethod?.DeclaringType == typeof(ICacheGrain) && context.MethodName == nameof(ICacheGrain.Changed))
            {
                Interlocked.Increment(ref _count);
            }

            return context.Invoke();
        }
    }

    private sealed class Gateway(GrainCluster cluster, WriteShardGrainTests test, string name) : ICacheObserver
    {
        private readonly TaskCompletionSource _never = new();
        private readonly HashSet<WriteGroup> _kept = [];
        private ICacheObserver? _reference;
        private int _round;

        public bool IsDeaf { get; set; }

        public bool Throws { get; set; }

        /// <summary>Whether the shard of what it keeps tells of all writes.</summary>
        public bool IsWhole { get; private set; }

        public ConcurrentQueue<CacheChange> Heard { get; } = new();

        private ICacheObserver Reference => _reference ??= cluster.Client.CreateObjectReference<ICacheObserver>(this);

        public static async Task<Gateway> Follow(GrainCluster cluster, WriteShardGrainTests test, string name, params CacheChange[] kept)
        {
            var gateway = new Gateway(cluster, test, name);
            Array.ForEach(kept, gateway.Keep);
            await gateway.Renew();
            return gateway;
        }

        public void Keep(CacheChange change) => _kept.Add(GroupOf(change));

        public Task<Guid> Renew() => Renew(++_round, _kept);

        public Task<Guid> RenewLate() => Renew(0, []);

        public Task<Guid> FollowCache(bool isFormer) => cluster.Client.GetGrain<ICacheGrain>(0)
            .Follow(Reference, new CacheReport { Gateway = name, State = "ok", FollowsShards = !isFormer }).AsTask();

        public Task Changed(CacheChange change)
        {
            Heard.Enqueue(change);
            return Throws ? throw new InvalidDataException($"a fault of {name} at {test._time.GetUtcNow():T}")
                : IsDeaf ? _never.Task : Task.CompletedTask;
        }

        private async Task<Guid> Renew(int round, HashSet<WriteGroup> kept)
        {
            var answers = await Task.WhenAll(Enumerable.Range(0, WriteGroup.Shards).Select(shard => cluster.Client
                .GetGrain<IWriteShardGrain>(shard)
                .Follow(Reference, WriteInterest.Of(round, group => kept.Contains(new(shard, group)))).AsTask()));
            var answer = answers[_kept.First().Shard];
            IsWhole = answer.IsWhole;
            return answer.Id;
        }
    }
}
