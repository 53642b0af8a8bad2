using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>An edit of one tenant that fifty silos see goes to each gateway once, as that tenant's part.</summary>
public sealed class SnapshotEditTests : IAsyncLifetime
{
    private const int Many = 50;

    private static readonly Serializer Serializer = new ServiceCollection().AddSerializer().BuildServiceProvider()
        .GetRequiredService<Serializer>();

    private readonly List<Follower> _followers = [.. Enumerable.Range(0, Many).Select(_ => new Follower())];
    private GrainCluster _cluster = null!;
    private GatewaySnapshot _first = null!;

    public async ValueTask InitializeAsync()
    {
        _cluster = await GrainCluster.Start(
            Yaml("pull"), silo: silo => silo.Services.AddSingleton(new GrainCluster.OpenCalls(typeof(ISessionChangesGrain))));
        foreach (var follower in _followers)
        {
            follower.Position = (await Follow(follower, SnapshotPosition.Nothing)).Position;
        }

        _first = PackedSnapshot.Unpack((await Follow(_followers[0], SnapshotPosition.Nothing)).Packed!, Serializer);
        Assert.Equal(100, _first.Tenants.Count);
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task The_part_of_the_tenant_is_sent_once_and_nothing_else_is_dropped()
    {
        Edit("push");
        await Told(updates => updates.Any(update => update.Change is not null));
        var change = _followers[0].Updates.Select(update => update.Change).First(change => change is not null)!;
        var edited = Assert.Single(change.Tenants);
        Assert.Equal("t7", edited.Name);
        Assert.NotEqual(_first.Tenants.First(tenant => tenant.Name == "t7").RulesStamp, edited.RulesStamp);
        await Task.WhenAll(Enumerable.Range(1, Many - 1).Select(_ => Say(new TenantRules("t7", edited.RulesStamp!))));

        await Fence();
        Assert.All(_followers, follower =>
        {
            var update = Assert.Single(follower.Updates, update => update.Change is not null);
            Assert.Equal(2, follower.Updates.Count);
            Assert.False(update.DropAllDecisions);
            Assert.Empty(update.ChangedSessions);
            Assert.Equal(follower.Position.Epoch, update.Position.Epoch);
            Assert.InRange(Serializer.SerializeToArray(update).Length, 1, Serializer.SerializeToArray(edited).Length + 1024);
        });
    }

    [Fact]
    public async Task Silos_that_are_ahead_have_the_decisions_of_the_tenant_dropped_once()
    {
        await Task.WhenAll(Enumerable.Range(0, Many)
            .Select(_ => Say(new TenantRules("t8", "ahead"), new TenantRules("new", "unknown here"))));
        await Fence();
        Assert.All(_followers, follower => Assert.Equal(["t8", "t9"], follower.Updates.SelectMany(update => update.ChangedSessions)));
        Assert.All(_followers, follower => Assert.Equal(
            [new TenantRules("t8", "ahead"),
                new TenantRules("t9", "fence")], follower.Updates.Last().Ahead.OrderBy(tenant => tenant.Tenant)));
        Assert.DoesNotContain(_followers, follower => follower.Updates.Any(update => update.DropAllDecisions || update.Change is not null));

        // Who lost both pushes hears of them.
        Assert.Equal(["t8", "t9"], (await Follow(_followers[0], _followers[0].Position)).ChangedSessions);

        // A silo that took it back is not ahead any more.
        await Say(new TenantRules("t8", _first.Tenants.First(tenant => tenant.Name == "t8").RulesStamp!));
        await Told(updates => updates.Last().ChangedSessions is ["t8"]);
        Assert.All(_followers, follower => Assert.Equal("t9", Assert.Single(follower.Updates.Last().Ahead).Tenant));
    }

    [Fact]
    public async Task Who_keeps_the_tenants_that_are_ahead_is_told_them_when_they_change()
    {
        var follower = new Follower { Format = SnapshotPosition.KeepsAhead };
        var first = await Follow(follower, SnapshotPosition.Nothing);
        Assert.Equal((true, 0), (first.TellsAhead, first.Ahead.Count));
        await Say(new TenantRules("t8", "ahead"));
        await Eventually.True(() => follower.Updates.Any(update => update.ChangedSessions is ["t8"]), "the tenant is dropped");
        var news = follower.Updates.Last();
        Assert.Equal((true, "t8"), (news.TellsAhead, Assert.Single(news.Ahead).Tenant));
        follower.Clear();
        await _cluster.Service<IGrainFactory>().GetGrain<ISnapshotGrain>(0).Refresh();
        await Eventually.True(() => follower.Updates.Count > 0, "everything is dropped");
        Assert.Equal((false, 0), (follower.Updates.Last().TellsAhead, follower.Updates.Last().Ahead.Count));

        // Who lost the push has another number; who did not is told nothing.
        Assert.Equal("t8", Assert.Single((await Follow(follower, first.Position)).Ahead).Tenant);
        Assert.False((await Follow(follower, news.Position)).TellsAhead);
    }

    [Fact]
    public async Task Sessions_that_change_at_once_are_told_together_and_each_change_waits_for_its_own()
    {
        var changes = _cluster.Service<IGrainFactory>().GetGrain<ISessionChangesGrain>(0);
        var keys = Enumerable.Range(0, 2000).Select(number => $"t1/corp/u{number}").ToHashSet();
        var calls = keys.Select(key => changes.SessionChanged(key).AsTask()).ToList();
        await Task.WhenAll(calls);
        await Told(updates => updates.SelectMany(update => update.ChangedSessions).ToHashSet().SetEquals(keys));
        Assert.All(_followers, follower =>
        {
            Assert.InRange(follower.Updates.Count, 1, 500);
            Assert.DoesNotContain(follower.Updates, update => update.DropAllDecisions);
            Assert.Equal(keys.Count, follower.Updates.Sum(update => update.ChangedSessions.Count));
        });

        // Who missed all of them catches up.
        Assert.Equal(keys, (await Follow(_followers[0], _followers[0].Position)).ChangedSessions.ToHashSet());
    }

    [Fact]
    public async Task A_silo_of_the_version_before_has_everything_dropped_and_the_epoch_stays()
    {
        await _cluster.Service<IGrainFactory>().GetGrain<ISnapshotGrain>(0).Refresh();
        await Told(updates => updates.Any(update => update.DropAllDecisions));
        var late = await Follow(_followers[0], _followers[0].Position);
        Assert.True(late.DropAllDecisions);
        Assert.Equal(_followers[0].Position.Epoch, late.Position.Epoch);
        Assert.False((await Follow(_followers[0], late.Position)).DropAllDecisions);
    }

    [Fact]
    public async Task A_gateway_of_the_version_before_gets_the_whole_and_drops_everything()
    {
        var old = new Follower { Format = 0 };
        var first = await Follow(old, SnapshotPosition.Nothing);
        Assert.Equal(100, first.Snapshot!.Tenants.Count);
        Edit("push");
        await Eventually.True(() => old.Updates.Any(update => update.Snapshot is not null), "the whole is here");
        old.Clear();
        await Say(new TenantRules("t8", "ahead"));
        await Eventually.True(() => old.Updates.Any(update => update.DropAllDecisions), "everything is dropped");
        Assert.True((await Follow(old, first.Position)).DropAllDecisions);
    }

    private async Task<SnapshotUpdate> Follow(Follower follower, SnapshotPosition known)
    {
        follower.Reference ??= _cluster.Client.CreateObjectReference<ISnapshotObserver>(follower);
        return await _cluster.Client.GetGrain<ISnapshotGrain>(0).Follow(follower.Reference, known with { Format = follower.Format });
    }

    private Task Say(params TenantRules[] tenants) =>
        _cluster.Service<IGrainFactory>().GetGrain<ISnapshotGrain>(0).Changed(tenants).AsTask();

    /// <summary>What was pushed before is here when this ends: on a busy machine one push may overtake another.</summary>
    private async Task Fence()
    {
        await Say(new TenantRules("t9", "fence"));
        await Told(updates => updates.Any(update => update.ChangedSessions.Contains("t9"))
            && updates.Select(update => update.Position.Sequence).Distinct().Count() >= updates.Last().Position.Sequence);
    }

    private Task Told(Func<IEnumerable<SnapshotUpdate>, bool> what) =>
        Eventually.True(() => _followers.TrueForAll(follower => what(follower.Updates)), "all were told");

    private void Edit(string action) => _cluster.Configuration.Replace(ConfigurationFile.Parse(Yaml(action), "/config.yaml").Snapshot!);

    private static string Yaml(string action) => string.Join('\n', [
        "upstreams: { up: { url: \"https://registry.example\" } }", "tenants:",
        .. Enumerable.Range(0, 100).Select(number =>
            $"  t{number}: {{ hosts: [t{number}.example], routes: [{{ prefix: \"\", upstream: up }}], access: [{{ name: all, who: " +
            $"[authenticated], repositories: [\"**\"], actions: [{(number == 7 ? action : "pull")}] }}] }}"),
    ]);

    private sealed class Follower : ISnapshotObserver
    {
        private readonly ConcurrentQueue<SnapshotUpdate> _updates = new();

        public int Format { get; init; } = SnapshotPosition.Parts;

        public ISnapshotObserver? Reference { get; set; }

        public SnapshotPosition Position { get; set; } = SnapshotPosition.Nothing;

        /// <summary>In their order, whatever the one in which they came.</summary>
        public List<SnapshotUpdate> Updates => [.. _updates.OrderBy(update => update.Position.Sequence)];

        public void Clear() => _updates.Clear();

        public Task Changed(SnapshotUpdate update)
        {
            _updates.Enqueue(update);
            return Task.CompletedTask;
        }
    }
}
