using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;

namespace RegistryProxy.Tests.Grains;

/// <summary>How long a failure is answered without asking again.</summary>
public sealed class FailureBackoffTests
{
    private static readonly TimeSpan UnreachableCap = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan TrialLimit = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);
    private static readonly UpstreamFailure Refused = new(UpstreamFailureKind.Refused, "no", 0);
    private static readonly UpstreamFailure Down = new(UpstreamFailureKind.Unreachable, "down", 0);

    private readonly FailureBackoff _backoff = new(UnreachableCap);
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Where_nothing_failed_everybody_asks_and_nobody_tries()
    {
        Assert.Null(_backoff.Current(_now));
        Assert.Null(_backoff.Enter(_now));
        Assert.False(_backoff.IsTrial);
        Assert.Null(_backoff.RetryAt);
        _backoff.Leave(_now);
        Assert.Null(_backoff.RetryAt);
    }

    [Fact]
    public void It_is_twice_as_long_each_time_up_to_five_minutes()
    {
        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 32, 64, 128, 256 })
        {
            Assert.InRange(Fail(Refused).TotalSeconds, seconds * 0.8, Math.Min(seconds * 1.2, 300));
        }

        Assert.InRange(Fail(Refused).TotalSeconds, 240, 300);
        for (var i = 0; i < 100; i++)
        {
            Assert.InRange(Fail(Refused).TotalSeconds, 240, 300);
        }
    }

    [Fact]
    public void Of_an_upstream_that_does_not_answer_it_has_its_own_end()
    {
        for (var i = 0; i < 10; i++)
        {
            Fail(Down);
        }

        Assert.Equal(UnreachableCap, Fail(Down));
        Assert.InRange(Fail(Refused).TotalSeconds, 240, 300);
    }

    [Fact]
    public void What_the_upstream_says_counts_where_it_is_longer_up_to_five_minutes()
    {
        Assert.Equal(TimeSpan.FromSeconds(90), Fail(Refused with { RetryAfterSeconds = 90 }));
        Assert.InRange(Fail(Refused with { RetryAfterSeconds = 1 }).TotalSeconds, 1.6, 2.4);
        Assert.Equal(TimeSpan.FromMinutes(5), Fail(Refused with { RetryAfterSeconds = 3600 }));
        Assert.Equal(TimeSpan.FromSeconds(20), Fail(Down with { RetryAfterSeconds = 20 }));
    }

    [Fact]
    public void The_answer_says_how_long_it_is_still_and_at_least_a_second()
    {
        var told = _backoff.Note(Refused with { RetryAfterSeconds = 90 }, _now);
        Assert.Equal((90, "no"), (told.RetryAfterSeconds, told.Message));
        Assert.Equal(90, _backoff.Current(_now + Tick)!.RetryAfterSeconds);
        Assert.Equal(30, _backoff.Current(_now + TimeSpan.FromSeconds(60))!.RetryAfterSeconds);
        Assert.Equal(1, _backoff.Current(_backoff.RetryAt!.Value - Tick)!.RetryAfterSeconds);
        Assert.Null(_backoff.Current(_backoff.RetryAt.Value));
    }

    [Fact]
    public void Failures_of_calls_that_were_under_way_together_are_one()
    {
        _backoff.Note(Refused, _now);
        var end = _backoff.RetryAt;
        Assert.Equal("no", _backoff.Note(Down, _now).Message);
        Assert.Equal(end, _backoff.RetryAt);
        _now = end!.Value;
        Assert.InRange(Fail(Refused).TotalSeconds, 1.6, 2.4);
    }

    [Fact]
    public void When_it_is_over_one_tries_and_the_others_wait_six_seconds_for_that()
    {
        Fail(Refused);
        Assert.Null(_backoff.Enter(_now));
        Assert.True(_backoff.IsTrial);
        Assert.Equal("no", _backoff.Enter(_now)!.Message);
        Assert.Equal("no", _backoff.Enter(_now + TrialLimit - Tick)!.Message);
        Assert.Null(_backoff.Enter(_now + TrialLimit));
    }

    [Fact]
    public void A_trial_that_fails_counts_though_the_others_wait()
    {
        Fail(Refused);
        _backoff.Enter(_now);
        var wait = _backoff.Note(Refused, _now);
        Assert.False(_backoff.IsTrial);
        Assert.InRange((_backoff.RetryAt!.Value - _now).TotalSeconds, 1.6, 2.4);
        Assert.InRange(wait.RetryAfterSeconds, 2, 3);
    }

    [Fact]
    public void Who_tried_and_found_out_nothing_lets_the_next_one_try()
    {
        Fail(Refused);
        _backoff.Enter(_now);
        _backoff.Leave(_now);
        Assert.False(_backoff.IsTrial);
        Assert.Null(_backoff.Current(_now));

        // Who did not try ends no pause.
        _backoff.Note(Refused, _now);
        var end = _backoff.RetryAt;
        _backoff.Leave(_now);
        Assert.Equal(end, _backoff.RetryAt);
    }

    [Fact]
    public void One_that_went_well_ends_it_and_the_next_failure_is_the_first()
    {
        Fail(Refused);
        Fail(Refused);
        _backoff.Enter(_now);
        _backoff.Clear();
        Assert.False(_backoff.IsTrial);
        Assert.Null(_backoff.RetryAt);
        Assert.Null(_backoff.Enter(_now));
        Assert.False(_backoff.IsTrial);
        Assert.InRange(Fail(Refused).TotalSeconds, 0.8, 1.2);
    }

    [Theory]
    [InlineData(-5, 1)]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(5, 16)]
    [InlineData(6, 20)]
    [InlineData(int.MaxValue, 20)]
    public void A_doubling_pause_is_never_longer_than_its_longest(int failures, int seconds) => Assert.Equal(
        TimeSpan.FromSeconds(seconds), new Doubling(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20)).After(failures));

    /// <summary>A failure when the pause of the one before is over; returns how long the next pause is, and lets that pass.</summary>
    private TimeSpan Fail(UpstreamFailure failure)
    {
        var began = _now;
        _backoff.Note(failure, began);
        _now = _backoff.RetryAt!.Value;
        return _now - began;
    }
}
