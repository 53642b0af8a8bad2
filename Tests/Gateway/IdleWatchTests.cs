using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Streaming;

namespace RegistryProxy.Tests.Gateway;

/// <summary>A transfer that brings nothing, or next to nothing, ends.</summary>
public sealed class IdleWatchTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_server_that_sends_a_byte_now_and_then_is_given_up_and_a_slow_one_is_not()
    {
        using var trickle = new IdleWatch(_time, CancellationToken.None, 60 * 1024);
        using var slow = new IdleWatch(_time, CancellationToken.None, 60 * 1024);
        using var idle = new IdleWatch(_time, CancellationToken.None);
        for (var second = 0; second < 300; second++)
        {
            trickle.Moved(10);
            slow.Moved(2 * 1024);
            idle.Moved(second % 50 == 0 ? 1 : 0);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.True(second > 50 || !trickle.Token.IsCancellationRequested);
        }

        Assert.Equal((true, false, false), (trickle.Token.IsCancellationRequested, slow.Token.IsCancellationRequested, idle.Token.IsCancellationRequested));
    }
}
