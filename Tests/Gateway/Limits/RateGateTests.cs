using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Limits;

namespace RegistryProxy.Tests.Gateway.Limits;

/// <summary>A rate in virtual time.</summary>
public sealed class RateGateTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(5000)]
    public void What_is_taken_is_the_rate_and_one_burst(int rate)
    {
        var (gate, taken) = (new RateGate(_time), 0);
        for (var tick = 0; tick < 1000; tick++)
        {
            while (gate.TryTake(1, rate, out var wait))
            {
                taken++;
                Assert.Equal(TimeSpan.Zero, wait);
            }

            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(taken, 10 * rate, 11 * rate);
    }

    [Fact]
    public void Who_is_refused_learns_when_it_may_be_tried_again()
    {
        var gate = new RateGate(_time, TimeSpan.FromSeconds(2));
        Assert.True(gate.CanTake(20, 10));
        Assert.True(gate.TryTake(20, 10, out _));
        Assert.False(gate.CanTake(5, 10));
        Assert.Equal(TimeSpan.FromSeconds(0.5), gate.WaitFor(5, 10));
        Assert.False(gate.TryTake(5, 10, out var wait));
        Assert.Equal(TimeSpan.FromSeconds(0.5), wait);
        _time.Advance(wait - TimeSpan.FromMilliseconds(1));
        Assert.False(gate.TryTake(5, 10, out wait));
        _time.Advance(wait);
        Assert.True(gate.TryTake(5, 10, out _));
    }

    [Fact]
    public void Who_comes_when_nothing_is_owed_is_never_refused_however_low_the_rate()
    {
        var gate = new RateGate(_time);
        Assert.True(gate.TryTake(1, 0.001, out _));
        Assert.False(gate.TryTake(1, 0.001, out var wait));
        Assert.Equal(1999, wait.TotalSeconds, 0.1);
        _time.Advance(TimeSpan.FromSeconds(1000));
        Assert.True(gate.TryTake(1, 0.001, out _));
    }

    [Fact]
    public void What_must_be_left_to_others_is_left()
    {
        var (gate, taken) = (new RateGate(_time), 0);
        while (gate.TryTake(1, 100, out _, left: 25))
        {
            taken++;
        }

        Assert.Equal(75, taken);
        Assert.True(gate.TryTake(25, 100, out _));
        Assert.False(gate.TryTake(1, 100, out _));

        // More than there ever is: who comes when nothing is owed has one all the same.
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(gate.TryTake(1, 100, out _, left: 500));
        Assert.False(gate.TryTake(1, 100, out _, left: 500));
    }

    [Fact]
    public void What_is_given_back_may_be_taken_again()
    {
        var gate = new RateGate(_time);
        Assert.True(gate.TryTake(10, 10, out _));
        gate.GiveBack(4, 10);
        Assert.True(gate.CanTake(4, 10));
        Assert.False(gate.CanTake(5, 10));
    }

    [Fact]
    public void What_is_taken_in_any_case_is_waited_for()
    {
        var gate = new RateGate(_time, TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, gate.Take(10, 10));
        Assert.Equal(TimeSpan.FromSeconds(3), gate.Take(30, 10));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(0.1), gate.Take(1, 10));
    }

    [Fact]
    public async Task Many_at_once_take_no_more_than_there_is()
    {
        var gate = new RateGate(_time);
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            var own = 0;
            while (gate.TryTake(1, 20_000, out var _))
            {
                own++;
            }

            return own;
        })));
        Assert.Equal(20_000, taken.Sum());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                gate.Take(1, 20_000);
            }
        })));
        Assert.Equal(TimeSpan.FromSeconds(0.40005).TotalSeconds, gate.WaitFor(1, 20_000).TotalSeconds, 0.001);
    }
}
