using System.Net;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Of an upstream that is slower than a flood only so many strangers wait, and users wait all the same.</summary>
public sealed class WaitingStrangersTests
{
    private readonly WaitingStrangers _strangers = new();
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void One_address_fills_its_own_part_and_all_together_theirs()
    {
        var entered = Enumerable.Range(0, 2 * WaitingStrangers.MaxOfCaller).Count(_ => _strangers.TryEnter(Stranger(1)));
        Assert.Equal(WaitingStrangers.MaxOfCaller, entered);
        for (var address = 2; address < 50; address++)
        {
            entered += Enumerable.Range(0, 200).Count(_ => _strangers.TryEnter(Stranger(address)));
        }

        Assert.Equal(WaitingStrangers.MaxWaiting, entered);
        Assert.True(_strangers.TryEnter(new CallerKey("alice", default)));
        _strangers.Leave(new CallerKey("alice", default));
        _strangers.Leave(Stranger(1));
        Assert.True(_strangers.TryEnter(Stranger(60)));
        Assert.False(_strangers.TryEnter(Stranger(61)));
    }

    [Fact]
    public async Task Those_who_find_no_room_are_told_at_once_and_leave_nothing()
    {
        var queue = new UpstreamQueue(2, _strangers, _time);
        Assert.True(await Enter(queue, Stranger(1)));
        var waiting = Enumerable.Range(0, WaitingStrangers.MaxOfCaller).Select(_ => Enter(queue, Stranger(1)).AsTask()).ToList();
        Assert.False(await Enter(queue, Stranger(1)));
        Assert.True(await Enter(queue, new CallerKey("alice", default)));
        _time.Advance(TimeSpan.FromSeconds(25));
        Assert.DoesNotContain(true, await Task.WhenAll(waiting));
        waiting = [.. Enumerable.Range(0, WaitingStrangers.MaxOfCaller).Select(_ => Enter(queue, Stranger(1)).AsTask())];
        Assert.DoesNotContain(waiting, one => one.IsCompleted);
        queue.Leave(Stranger(1));
        Assert.True(await waiting[0]);
    }

    private static ValueTask<bool> Enter(UpstreamQueue queue, CallerKey caller) =>
        queue.Enter(caller, TestContext.Current.CancellationToken);

    private static CallerKey Stranger(int number) => new(null, CallerAddress.Of(new IPAddress([203, 0, 113, (byte)number])));
}
