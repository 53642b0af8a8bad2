using System.Net;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Listings that take long leave room for those of others.</summary>
public sealed class ListingRoomTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly TaskCompletionSource<DistributionError?> _answer = new();
    private readonly ListingRoom _room;

    public ListingRoomTests() => _room = new ListingRoom(new ClientAddress([]), _time);

    public void Dispose() => _room.Dispose();

    [Fact]
    public async Task One_caller_has_a_quarter_of_the_room_of_its_tenant_and_the_rest_is_for_others()
    {
        var slow = Enumerable.Range(0, 1000).Select(_ => Slow("acme", "stranger")).ToList();
        Assert.Equal(1000 - ListingRoom.MaxOfCaller - ListingRoom.MaxWaiting, slow.Count(one => one.IsCompleted));
        Assert.Null(await Quick("acme", "alice"));
        foreach (var caller in new[] { "a", "b", "c" })
        {
            slow.AddRange(Enumerable.Range(0, ListingRoom.MaxOfCaller).Select(_ => Slow("acme", caller)));
        }

        var waiting = Quick("acme", "alice");
        Assert.False(waiting.IsCompleted);
        Assert.Null(await Quick("other", "bob"));
        Assert.Equal(503, (await Quick("other", "stranger"))!.Status);
        _time.Advance(ListingRoom.MaxWait);
        Assert.Equal(503, (await waiting)!.Status);
        await Support.Processes.Eventually.True(
            () => slow.Count(one => !one.IsCompleted) == 4 * ListingRoom.MaxOfCaller, "who waited is refused");
        _answer.SetResult(null);
        await Task.WhenAll(slow);
        Assert.Null(await Quick("acme", "alice"));
        Assert.Equal(0, _room.Callers);
    }

    [Fact]
    public async Task Who_leaves_the_queue_leaves_nothing()
    {
        using var gone = new CancellationTokenSource();
        var slow = Enumerable.Range(0, ListingRoom.MaxOfCaller).Select(_ => Slow("acme", "a")).ToList();
        var leaving = _room.Run("acme", "a", () => _answer.Task, gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        _answer.SetResult(null);
        await Task.WhenAll(slow);
        Assert.Equal(0, _room.Callers);
    }

    [Fact]
    public void All_addresses_of_one_site_are_one_caller()
    {
        Assert.Equal(CallerAddress.Of("2001:db8:1:2::1"), CallerAddress.Of("2001:db8:1:2:3::"));
        Assert.NotEqual(CallerAddress.Of("2001:db8:1:2::1"), CallerAddress.Of("2001:db8:1:3::1"));
        Assert.Equal(CallerAddress.Of("2001:db8:1:2::1").Site, CallerAddress.Of("2001:db8:1:3::1").Site);
        Assert.NotEqual(CallerAddress.Of("2001:db8:1::").Site, CallerAddress.Of("2001:db8:2::").Site);
        Assert.NotEqual(CallerAddress.Of("2001:db8:1::"), CallerAddress.Of("2001:db8:1::").Site);
        Assert.Equal(CallerAddress.Of("203.0.113.7"), CallerAddress.Of("203.0.113.7").Site);
        Assert.Equal(CallerAddress.Of("203.0.113.7"), CallerAddress.Of("::ffff:203.0.113.7"));
        Assert.NotEqual(CallerAddress.Of("203.0.113.7"), CallerAddress.Of("203.0.113.8"));
        Assert.Equal(default, CallerAddress.Of("unknown"));
        Assert.Equal(default, CallerAddress.Of((IPAddress?)null));
        Assert.NotEqual(default, CallerAddress.Of("0.0.0.0"));
        Assert.NotEqual(CallerAddress.Of("::"), CallerAddress.Of("0.0.0.0"));
        Assert.Equal(("cb007107/32", "20010db800010002/64", "20010db80001/48", ""), (
            CallerAddress.Of("203.0.113.7").ToString(), CallerAddress.Of("2001:db8:1:2::1").ToString(),
            CallerAddress.Of("2001:db8:1:2::1").Site.ToString(), CallerAddress.Of("").ToString()));
    }

    private Task<DistributionError?> Slow(string tenant, string caller) =>
        _room.Run(tenant, caller, () => _answer.Task, CancellationToken.None);

    private Task<DistributionError?> Quick(string tenant, string caller) =>
        _room.Run(tenant, caller, () => Task.FromResult<DistributionError?>(null), CancellationToken.None);
}
