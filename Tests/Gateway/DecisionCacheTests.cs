using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Gateway;

/// <summary>
/// What sessions may do is asked for once and renewed together, is used beyond its lease while the cluster is away, and is forgotten by
/// identity; that nobody can say is not used on.
/// </summary>
public sealed partial class DecisionCacheTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly SessionReference Session = new("acme/corp/alice", "s", 1);

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly ScriptedSessions _sessions = new();
    private readonly CurrentMap _map;
    private readonly DecisionCache _decisions;

    public DecisionCacheTests()
    {
        _map = new CurrentMap(_time);
        _decisions = Cache();
    }

    [Fact]
    public async Task That_nobody_can_say_is_kept_for_its_lease_alone()
    {
        var lease = TimeSpan.FromSeconds(5);
        _sessions.Decision = SessionDecision.Closed with { Unavailable = true, Lease = lease };
        Assert.True((await Get())!.Unavailable);
        Assert.True((await Get())!.Unavailable);
        Assert.Equal(1, _sessions.Calls);

        _time.Advance(lease);
        _sessions.Decision = new SessionDecision { Open = true, Lease = lease };
        Assert.True((await Get())!.Open);
        Assert.Equal(2, _sessions.Calls);
    }

    [Fact]
    public async Task Twenty_thousand_sessions_of_one_subject_over_ten_gateways_are_warm_and_renewed_by_one_call_of_each()
    {
        var gateways = Enumerable.Range(0, 10).Select(_ => Cache()).ToList();
        await PullAll(gateways);
        for (var lease = 0; lease < 3; lease++)
        {
            var calls = _sessions.Calls;
            await PullAll(gateways);
            Assert.Equal(calls, _sessions.Calls);
            _time.Advance(Lease);
            await PullAll(gateways);
            Assert.Equal(calls + gateways.Count, _sessions.Calls);
        }
    }

    [Fact]
    public async Task Who_asks_while_a_question_is_under_way_goes_with_the_next_and_nobody_is_asked_for_twice()
    {
        var held = _sessions.Hold();
        var first = Get("s0");
        await _sessions.Called(1);
        var others = Enumerable.Range(0, 100).Select(number => Get($"s{number % 10}")).Append(first).ToList();
        held.SetResult();
        Assert.All(await Task.WhenAll(others), decision => Assert.True(decision!.Open));
        Assert.Equal(2, _sessions.Calls);
        Assert.Equal(["s0", .. Enumerable.Range(1, 9).Select(number => $"s{number}")], _sessions.Asked);
    }

    [Fact]
    public async Task An_identity_is_forgotten_with_all_its_sessions_and_no_other_is()
    {
        var other = new SessionReference("acme/corp/bob", "b", 1);
        foreach (var session in new[] { Of("one"), Of("two"), other })
        {
            await Get(session);
        }

        _sessions.Decision = SessionDecision.Closed with { Lease = Lease };
        _decisions.Drop(Session.Key);
        Assert.False((await Get("one"))!.Open);
        Assert.False((await Get("two"))!.Open);
        Assert.True((await Get(other))!.Open);
        _decisions.DropAll();
        Assert.False((await Get(other))!.Open);
    }

    [Fact]
    public async Task A_tenant_is_forgotten_alone_and_what_was_decided_by_its_new_rules_stays()
    {
        var other = new SessionReference("other/corp/bob", "b", 1);
        await Get("old");
        await Get(other);
        _sessions.Decision = _sessions.Decision with { RulesStamp = "new" };
        await Get("new");
        var calls = _sessions.Calls;
        _decisions.DropOutdated("acme", "new");
        await Get("new");
        await Get(other);
        Assert.Equal(calls, _sessions.Calls);
        await Get("old");
        Assert.Equal(calls + 1, _sessions.Calls);
        _decisions.Drop("acme");
        await Get(other);
        Assert.Equal(calls + 1, _sessions.Calls);
        await Get("new");
        Assert.Equal(calls + 2, _sessions.Calls);
    }

    [Fact]
    public async Task What_a_silo_decides_by_other_rules_than_the_gateway_knows_is_used_for_a_second()
    {
        _map.Replace(new FrontDoorMap(SnapshotLab.Of("acme") with { Tenants = [SnapshotLab.Tenant("acme") with { RulesStamp = "new" }] }));
        _sessions.Decision = _sessions.Decision with { RulesStamp = "old" };
        await Get();
        await Get();
        Assert.Equal(1, _sessions.Calls);
        _time.Advance(TimeSpan.FromSeconds(1));
        _sessions.Decision = _sessions.Decision with { RulesStamp = "new" };
        await Get();
        Assert.Equal(2, _sessions.Calls);
        _time.Advance(Lease - TimeSpan.FromSeconds(1));
        await Get();
        Assert.Equal(2, _sessions.Calls);

        // Another silo has newer ones already.
        _decisions.Take([new TenantRules("other", "new"), new TenantRules("acme", "newer")]);
        _decisions.Drop("acme");
        await Get();
        Assert.Equal(3, _sessions.Calls);
        _time.Advance(TimeSpan.FromSeconds(1));
        _sessions.Decision = _sessions.Decision with { RulesStamp = "newer" };
        await Get();
        Assert.Equal(4, _sessions.Calls);
        _time.Advance(Lease - TimeSpan.FromSeconds(1));
        await Get();
        Assert.Equal(4, _sessions.Calls);
    }

    [Fact]
    public async Task What_was_asked_before_a_drop_is_not_kept_and_nobody_waits_for_it_after_that()
    {
        var held = _sessions.Hold();
        var early = Get();
        await _sessions.Called(1);
        _decisions.Drop(Session.Key);
        _sessions.Decision = SessionDecision.Closed with { Lease = Lease };
        Assert.False((await Get())!.Open);
        held.SetResult();
        Assert.True((await early)!.Open);
        Assert.False((await Get())!.Open);
        Assert.Equal(2, _sessions.Calls);
    }

    [Fact]
    public async Task A_renewal_that_a_drop_crosses_is_not_kept()
    {
        await Get();
        _time.Advance(Lease);
        var held = _sessions.Hold();
        var renewed = Get();
        await _sessions.Called(2);
        _decisions.Drop(Session.Key);
        _sessions.Decision = SessionDecision.Closed with { Lease = Lease };
        held.SetResult();
        Assert.False((await renewed)!.Open);
        Assert.False((await Get())!.Open);
        Assert.Equal(3, _sessions.Calls);
    }

    [Fact]
    public async Task While_the_cluster_is_away_all_sessions_of_an_identity_go_on_and_it_is_asked_for_once_in_two_seconds()
    {
        await Get("one");
        await Get("two");
        _time.Advance(Lease);
        _sessions.IsAway = true;
        var calls = _sessions.Calls;
        Assert.True((await Get("one"))!.Open);
        Assert.True((await Get("two"))!.Open);
        Assert.Equal(calls + 1, _sessions.Calls);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True((await Get("two"))!.Open);
        Assert.Equal(calls + 2, _sessions.Calls);

        _time.Advance(new GatewayOptions().MaxStale);
        Assert.Null(await Get("two"));
        _sessions.IsAway = false;
        Assert.True((await Get("two"))!.Open);
    }

    [Fact]
    public async Task A_session_that_nobody_uses_is_not_renewed_for_ever()
    {
        await Get("idle");
        for (var lease = 0; lease < 10; lease++)
        {
            await Get("used");
            _time.Advance(Lease);
        }

        _sessions.Asked.Clear();
        await Get("used");
        Assert.Equal(["used"], _sessions.Asked);
    }

    [Fact]
    public async Task A_decision_is_of_one_identity_and_generation()
    {
        await Get();
        await Get(Session with { Generation = 2 });
        await Get(Session with { Key = "acme/corp/mallory" });
        Assert.Equal(3, _sessions.Calls);
    }

    [Fact]
    public async Task An_answer_to_another_question_is_none()
    {
        await Get("one");
        await Get("two");
        _time.Advance(Lease);
        _sessions.Forgets = true;
        Assert.True((await Get("one"))!.Open);
        Assert.True((await Get("one"))!.Open);
        Assert.Equal(3, _sessions.Calls);
    }

    [Fact]
    public async Task Who_leaves_takes_nobody_along()
    {
        var held = _sessions.Hold();
        using var stop = new CancellationTokenSource();
        var leaving = _decisions.Get(Session, stop.Token).AsTask();
        var staying = Get();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        held.SetResult();
        Assert.True((await staying)!.Open);
        Assert.Equal(1, _sessions.Calls);
    }

    [Fact]
    public async Task A_question_that_never_ends_is_waited_for_as_long_as_it_is_worth()
    {
        _sessions.IsSilent = true;
        var waiting = Get();
        Assert.Null(await _time.Passing(waiting, TimeSpan.FromSeconds(1)));
    }

    private DecisionCache Cache() => new(ClusterLab.Client(_sessions.Factory, new(_time), _time), _map, new GatewayOptions(), _time);

    private static SessionReference Of(string id) => Session with { Id = id };

    private Task<SessionDecision?> Get(string id = "s") => Get(Of(id));

    private Task<SessionDecision?> Get(SessionReference session) => _decisions.Get(session, TestContext.Current.CancellationToken).AsTask();

    /// <summary>Two thousand sessions on each gateway, all at once.</summary>
    private static Task PullAll(List<DecisionCache> gateways) =>
        Task.WhenAll(gateways.SelectMany((gateway, number) => Enumerable.Range(0, 2000).Select(async session =>
        Assert.True((await gateway.Get(Of($"{number}-{session}"), TestContext.Current.CancellationToken))!.Open))));
}
