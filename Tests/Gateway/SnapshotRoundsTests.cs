using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Serialization;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authentication;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.SnapshotUpdates;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Gateway;

/// <summary>When a gateway asks for the snapshot, and what it makes of what it is told, on virtual time.</summary>
public sealed class SnapshotRoundsTests : IAsyncDisposable
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ScriptedSessions _cluster = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSerializer().BuildServiceProvider();
    private readonly CurrentMap _map;
    private readonly DecisionCache _decisions;
    private readonly SnapshotRounds _rounds;
    private readonly LimitShares _limits;
    private readonly SnapshotInstaller _installer;
    private readonly SnapshotFollower _follower;

    public SnapshotRoundsTests()
    {
        var client = ClusterLab.Client(_cluster.Factory, new Relays(_time), _time);
        var meters = _services.GetRequiredService<IMeterFactory>();
        (_map, _limits) = (new CurrentMap(_time), new LimitShares(_time));
        _decisions = new DecisionCache(client, _map, new GatewayOptions(), _time);
        _rounds = new SnapshotRounds(_map, _time);
        _installer = new SnapshotInstaller(
            _map, _decisions,
            new SnapshotCaches(
                _decisions, new AccessTokenCache(_time), new UpstreamTokenCache(client, _time),
                new UpstreamAccounts(client, meters, _time, NullLogger<UpstreamAccounts>.Instance),
                new FailingUpstreams(client, meters, _time, NullLogger<FailingUpstreams>.Instance), new TenantMeter(meters, _time),
                new FormerTenants()),
            _rounds, _limits,
            _services.GetRequiredService<Serializer>(), NullLogger<SnapshotInstaller>.Instance);
        _follower = new SnapshotFollower(
            client, _installer, _rounds, new SnapshotMeter(
                _services.GetRequiredService<IMeterFactory>(), _time), NullLogger<SnapshotFollower>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _follower.StopAsync(CancellationToken.None);
        _follower.Dispose();
        await _services.DisposeAsync();
    }

    [Fact]
    public async Task It_asks_again_when_something_came_and_once_in_two_seconds_after_that()
    {
        _cluster.Follow = known =>
            At("1", 0) with { Packed = known.Version == "1" ? null : Packed(SnapshotLab.Of("a", "b")), Gateways = 7 };
        await _follower.StartAsync(CancellationToken.None);
        await Eventually.True(() => _cluster.Followed.Count == 2, "it asked again at once");
        Assert.Equal(["", "1"], _cluster.Followed.Select(known => known.Version));
        Assert.All(_cluster.Followed, known => Assert.Equal(SnapshotPosition.TakesStamps, known.Format));
        Assert.Equal(7, _limits.Gateways);
        await Pass(TimeSpan.FromSeconds(10));
        Assert.InRange(_cluster.Followed.Count, 3, 8);
    }

    [Fact]
    public async Task Without_a_snapshot_it_asks_often_and_with_one_it_goes_on_while_the_cluster_is_away()
    {
        _cluster.Follow = _ => throw new InvalidOperationException("away");
        await _follower.StartAsync(CancellationToken.None);
        await Pass(TimeSpan.FromSeconds(2));
        Assert.True(_cluster.Followed.Count >= 5, $"{_cluster.Followed.Count}");
        Assert.Null(_map.Value);

        _cluster.Follow = _ => At("1", 0) with { Packed = Packed(SnapshotLab.Of("a")) };
        await Pass(TimeSpan.FromSeconds(1));
        var map = _map.Value;
        Assert.NotNull(map);
        _cluster.Follow = _ => throw new InvalidOperationException("away");
        await Pass(TimeSpan.FromSeconds(6));
        Assert.Same(map, _map.Value);
        _cluster.Follow = _ => At("1", 0);
        await Pass(TimeSpan.FromSeconds(3));
        Assert.Same(map, _map.Value);
    }

    [Fact]
    public async Task A_part_changes_its_tenant_and_drops_the_decisions_of_it_alone()
    {
        Install("1", SnapshotLab.Of("a", "b"));
        await Decide("a/corp/x", "rules-a");
        await Decide("b/corp/y", "rules-b");
        await _follower.Changed(At("2", 0) with { Change = Change("1", "2", SnapshotLab.Tenant("a") with { RulesStamp = "other" }) });
        Assert.Equal(("2", "other", "rules-b"), (_installer.Position.Version, _map.Value!.RulesOf("a"), _map.Value.RulesOf("b")));
        var calls = _cluster.Calls;
        await Decide("b/corp/y", "rules-b");
        Assert.Equal(calls, _cluster.Calls);
        await Decide("a/corp/x", "other");
        Assert.Equal(calls + 1, _cluster.Calls);
    }

    [Fact]
    public async Task The_decisions_of_a_tenant_that_is_gone_are_dropped()
    {
        Install("1", SnapshotLab.Of("a", "b"));
        await Decide("a/corp/x", "rules-a");
        _installer.Apply(At("2", 0) with { Change = Change("1", "2") with { GoneTenants = ["a"], GoneUpstreams = ["up-a"] } },
            pushed: true);
        Assert.Null(_map.Value!.TenantOf("a.example"));
        var calls = _cluster.Calls;
        await Decide("a/corp/x", "");
        Assert.Equal(calls + 1, _cluster.Calls);
    }

    [Fact]
    public void A_part_of_what_was_missed_is_asked_for_and_nobody_claims_to_have_it()
    {
        Install("1", SnapshotLab.Of("a"));
        _installer.Apply(At("3", 0) with { Change = Change("2", "3", SnapshotLab.Tenant("a") with { RulesStamp = "3" }) }, pushed: true);
        Assert.Equal(("1", "rules-a"), (_installer.Position.Version, _map.Value!.RulesOf("a")));

        // A push about a session alone names the version that the cluster has.
        _installer.Apply(At("3", 1) with { ChangedSessions = ["a/corp/x"] }, pushed: true);
        Assert.Equal(("1", 1), (_installer.Position.Version, _installer.Position.Sequence));

        _installer.Apply(At("3", 1) with { Change = Change("1", "3", SnapshotLab.Tenant("a") with { RulesStamp = "3" }) }, pushed: false);
        Assert.Equal(("3", "3"), (_installer.Position.Version, _map.Value!.RulesOf("a")));
    }

    [Fact]
    public void A_push_after_a_gap_is_taken_and_the_gap_is_asked_for()
    {
        Install("1", SnapshotLab.Of("a"));
        _installer.Apply(At("1", 5) with { ChangedSessions = ["a/corp/x"] }, pushed: true);
        Assert.Equal(0, _installer.Position.Sequence);
        _installer.Apply(At("2", 6) with { Change = Change("1", "2", SnapshotLab.Tenant("a") with { RulesStamp = "2" }) }, pushed: true);
        Assert.Equal(("2", 0), (_installer.Position.Version, _installer.Position.Sequence));
        _installer.Apply(At("2", 6) with { DropAllDecisions = true }, pushed: false);
        Assert.Equal(6, _installer.Position.Sequence);
        _installer.Apply(At("1", 3) with { Snapshot = SnapshotLab.Of("old") }, pushed: false);
        Assert.Equal("2", _installer.Position.Version);
    }

    [Fact]
    public async Task What_a_version_before_sends_is_taken_whole_and_drops_everything()
    {
        Install("1", SnapshotLab.Of("a"));
        await Decide("a/corp/x", "rules-a");
        var next = SnapshotLab.Of("a") with { Version = "2", Tenants = [SnapshotLab.Tenant("a") with { RulesStamp = null }] };
        _installer.Apply(At("2", 0) with { Snapshot = next }, pushed: true);
        Assert.Same(next, _map.Value!.Snapshot);
        var calls = _cluster.Calls;
        await Decide("a/corp/x", "any");
        Assert.Equal(calls + 1, _cluster.Calls);
    }

    [Fact]
    public void A_configuration_that_goes_back_is_refused_and_revocations_are_not()
    {
        Install("1", SnapshotLab.Of("a") with { Revision = 5 });
        _installer.Apply(At("0", 1) with { Snapshot = SnapshotLab.Of("b") with { Revision = 4 }, ChangedSessions = ["a/corp/x"] },
            pushed: false);
        Assert.Equal(("1", 1), (_installer.Position.Version, _installer.Position.Sequence));
        Assert.NotNull(_map.Value!.RulesOf("a"));
    }

    private static SnapshotUpdate At(string version, long sequence) =>
        new() { Position = new SnapshotPosition(version, sequence, "epoch") };

    private static SnapshotChange Change(string since, string version, params TenantSnapshot[] tenants) => new()
    {
        Since = since, Version = version, ConfigurationVersion = version, AccessLifetime = TimeSpan.FromMinutes(5), Tenants = tenants,
    };

    private byte[] Packed(GatewaySnapshot snapshot) => PackedSnapshot.Pack(snapshot, _services.GetRequiredService<Serializer>());

    private void Install(string version, GatewaySnapshot snapshot) =>
        _installer.Apply(At(version, 0) with { Packed = Packed(snapshot) }, pushed: false);

    private async Task Decide(string identity, string rules)
    {
        _cluster.Decision = _cluster.Decision with { RulesStamp = rules };
        Assert.NotNull(await _decisions.Get(new SessionReference(identity, identity, 1), TestContext.Current.CancellationToken));
    }

    private Task Pass(TimeSpan time) => _time.Pass(time, Step);
}
