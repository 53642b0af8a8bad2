using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Gateway;

/// <summary>For how long exactly a decision is used.</summary>
public sealed partial class DecisionCacheTests
{
    [Fact]
    public async Task That_nobody_can_say_is_not_used_while_the_cluster_is_away()
    {
        _sessions.Decision = SessionDecision.Closed with { Unavailable = true, Lease = Lease };
        await Get();
        _sessions.IsAway = true;
        _time.Advance(Lease - Tick);
        Assert.True((await Get())!.Unavailable);
        _time.Advance(Tick);
        Assert.Null(await Get());
    }

    [Fact]
    public async Task A_decision_is_used_to_the_end_of_its_stale_time_and_no_longer()
    {
        await Get();
        _sessions.IsAway = true;
        _time.Advance(Lease + new GatewayOptions().MaxStale - Tick);
        Assert.True((await Get())!.Open);
        _time.Advance(Tick);
        Assert.Null(await Get());
    }

    [Fact]
    public async Task A_decision_without_a_lease_is_asked_for_each_time()
    {
        _sessions.Decision = _sessions.Decision with { Lease = TimeSpan.Zero };
        await Get();
        Assert.Equal(1, _sessions.Calls);
        Assert.True((await Get())!.Open);
        Assert.Equal(3, _sessions.Calls);
    }

    [Fact]
    public async Task What_is_decided_by_other_rules_for_less_than_a_second_is_used_for_no_longer()
    {
        _map.Replace(new FrontDoorMap(SnapshotLab.Of("acme") with { Tenants = [SnapshotLab.Tenant("acme") with { RulesStamp = "new" }] }));
        var lease = TimeSpan.FromMilliseconds(500);
        _sessions.Decision = _sessions.Decision with { RulesStamp = "old", Lease = lease };
        await Get();
        _time.Advance(lease - Tick);
        await Get();
        Assert.Equal(1, _sessions.Calls);
        _time.Advance(Tick);
        await Get();
        Assert.Equal(2, _sessions.Calls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_asked_before_all_or_old_rules_were_dropped_is_not_kept(bool all)
    {
        var held = _sessions.Hold();
        var early = Get();
        await _sessions.Called(1);
        if (all)
        {
            _decisions.DropAll();
        }
        else
        {
            _decisions.DropOutdated("acme", "new");
        }

        held.SetResult();
        Assert.True((await early)!.Open);
        await Get();
        Assert.Equal(2, _sessions.Calls);
    }
}
