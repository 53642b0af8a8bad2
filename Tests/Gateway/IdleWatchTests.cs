using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Streaming;

namespace RegistryProxy.Tests.Gateway;

/// <summary>A transfer that brings nothing, or next to nothing, ends.</summary>
public sealed class IdleWatchTests
{
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(900, true, true)]
    [InlineData(900, false, false)]
    [InlineData(1100, true, false)]
    public void A_client_that_takes_less_than_a_kilobyte_a_second_for_five_minutes_is_given_up(int bytes, bool hasRate, bool isGivenUp)
    {
        using var watch = new IdleWatch(_time, CancellationToken.None) { HasRate = hasRate };
        for (var second = 0; second < 1000; second++)
        {
            Assert.True(second > 299 || !watch.Token.IsCancellationRequested, "not before five minutes");
            watch.Moved(bytes);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(isGivenUp, watch.Token.IsCancellationRequested);
    }

    [Fact]
    public void Who_waits_for_others_is_not_slow()
    {
        using var watch = new IdleWatch(_time, CancellationToken.None) { HasRate = true };
        for (var second = 0; second < 1000; second++)
        {
            watch.Moved(1);
            watch.Rest();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.False(watch.Token.IsCancellationRequested);
    }

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

        Assert.Equal((true, false, false),
            (trickle.Token.IsCancellationRequested, slow.Token.IsCancellationRequested, idle.Token.IsCancellationRequested));
    }

    [Fact]
    public void Who_is_held_back_by_this_server_is_not_idle_and_is_again_once_he_is_not()
    {
        var isHeldBack = true;
        using var watch = new IdleWatch(_time, CancellationToken.None) { IsHeldBack = () => isHeldBack };
        Pass(1000);
        Assert.False(watch.Token.IsCancellationRequested);
        isHeldBack = false;
        Pass(59);
        Assert.False(watch.Token.IsCancellationRequested);
        Pass(12);
        Assert.True(watch.Token.IsCancellationRequested);

        void Pass(int seconds)
        {
            for (; seconds > 0; seconds--)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }
}
