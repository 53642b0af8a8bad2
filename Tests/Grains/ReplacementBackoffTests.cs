using RegistryProxy.Grains.Upstreams;

namespace RegistryProxy.Tests.Grains;

/// <summary>How often a refused token is replaced by another one.</summary>
public sealed class ReplacementBackoffTests
{
    private const string Credential = "first";

    private readonly ReplacementBackoff _backoff = new();
    private DateTimeOffset _now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_first_refusal_is_answered_at_once_and_each_later_one_after_twice_the_time_up_to_five_minutes()
    {
        Assert.Equal(DateTimeOffset.MinValue, _backoff.NextAt);
        foreach (var seconds in (int[])[1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300])
        {
            Assert.Equal(seconds, Note());
        }
    }

    [Fact]
    public void Ten_quiet_minutes_begin_anew()
    {
        Note();
        _now += TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1);
        Assert.Equal(2, Note());
        _now += TimeSpan.FromMinutes(10);
        Assert.Equal(1, Note());
    }

    [Fact]
    public void A_token_that_was_accepted_before_begins_anew()
    {
        Note();
        Note();
        _backoff.Note(_now, Credential, wasAccepted: true);
        Assert.Equal(_now + TimeSpan.FromSeconds(1), _backoff.NextAt);
        Assert.Equal(2, Note());
    }

    [Fact]
    public void Another_credential_begins_anew_and_the_same_does_not()
    {
        Note();
        Note();
        Assert.Equal(1, Note("second"));
        Assert.Equal(2, Note("second"));
        _backoff.Begin("second");
        Assert.Equal(4, Note("second"));
        _backoff.Begin("third");
        Assert.Equal(DateTimeOffset.MinValue, _backoff.NextAt);
        Assert.Equal(1, Note("third"));
    }

    [Fact]
    public void What_is_begun_with_counts_as_no_refusal()
    {
        _backoff.Begin(Credential);
        Assert.Equal(1, Note());
        _backoff.Begin(Credential);
        Assert.Equal(2, Note());
    }

    /// <summary>A token is replaced; in how many seconds the next one may be.</summary>
    private double Note(string credential = Credential)
    {
        _backoff.Note(_now, credential);
        return (_backoff.NextAt - _now).TotalSeconds;
    }
}
