using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Upstreams;

namespace RegistryProxy.Tests.Grains;

/// <summary>One caller tries a credential that has not proved itself, and the others wait for how it goes.</summary>
public sealed class FirstUseGateTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);

    private readonly FakeTimeProvider _time = new();
    private readonly FirstUseGate _gate;
    private readonly TaskCompletionSource<int> _work = new();

    public FirstUseGateTests() => _gate = new FirstUseGate(_time);

    [Fact]
    public void Before_anybody_tries_nobody_waits()
    {
        Assert.False(_gate.IsProven);
        Assert.True(_gate.Wait().AsTask().IsCompletedSuccessfully);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task While_one_tries_the_others_wait_until_it_is_known_how_it_went(bool proved)
    {
        var trial = _gate.Begin(() => _work.Task);
        var (one, two) = (_gate.Wait().AsTask(), _gate.Wait().AsTask());
        _work.SetResult(7);
        Assert.Equal(7, await trial);
        Assert.False(one.IsCompleted);
        _gate.End(proved);
        await Task.WhenAll(one, two);
        Assert.Equal(proved, _gate.IsProven);
        Assert.True(_gate.Wait().AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task With_one_that_proved_itself_nobody_waits_for_anybody_until_it_is_refused()
    {
        _gate.End(proved: true);
        var call = _gate.Begin(() => _work.Task);
        Assert.True(_gate.Wait().AsTask().IsCompletedSuccessfully);
        _gate.End(proved: false);
        Assert.False(_gate.IsProven);
        _ = _gate.Begin(() => new TaskCompletionSource<int>().Task);
        Assert.False(_gate.Wait().AsTask().IsCompleted);
        _work.SetResult(1);
        Assert.Equal(1, await call);
    }

    [Fact]
    public async Task A_trial_that_ends_with_a_fault_says_nothing_and_keeps_nobody_waiting()
    {
        var trial = _gate.Begin(() => _work.Task);
        var other = _gate.Wait().AsTask();
        _work.SetException(new IOException("cut"));
        await Assert.ThrowsAsync<IOException>(() => trial);
        await other;
        Assert.False(_gate.IsProven);
    }

    [Fact]
    public async Task A_later_part_of_a_trial_that_ends_with_a_fault_keeps_nobody_waiting_either()
    {
        await _gate.Begin(() => Task.FromResult(1));
        var other = _gate.Wait().AsTask();
        Assert.Equal(2, await _gate.Watch(() => Task.FromResult(2)));
        Assert.False(other.IsCompleted);
        await Assert.ThrowsAsync<IOException>(() => _gate.Watch(() => Task.FromException<int>(new IOException("cut"))));
        await other;
    }

    [Fact]
    public async Task One_that_never_says_how_it_went_is_waited_for_six_seconds()
    {
        _ = _gate.Begin(() => _work.Task);
        var other = _gate.Wait().AsTask();
        _time.Advance(Limit - TimeSpan.FromMilliseconds(1));
        Assert.False(other.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await other;
        Assert.True(_gate.Wait().AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task One_that_is_released_is_waited_for_no_longer()
    {
        _ = _gate.Begin(() => _work.Task);
        var other = _gate.Wait().AsTask();
        _gate.Release();
        await other;
        Assert.False(_gate.IsProven);
    }
}
