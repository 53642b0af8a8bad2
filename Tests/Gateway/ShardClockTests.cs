using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Only what the shard tells of is believed, and it is asked to tell of what is pulled.</summary>
public sealed class ShardClockTests
{
    private const int Group = 7;
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly FakeTimeProvider _time = new();
    private readonly ShardClock _clock;

    public ShardClockTests() => _clock = new(_time);

    [Fact]
    public void What_was_learned_before_the_shard_told_of_it_is_not_believed()
    {
        Hear(isUnbroken: false);
        var before = Now;
        Assert.False(_clock.Believes(Group, before));
        _time.Advance(Tick);
        Hear(used: Group);
        Assert.False(_clock.Believes(Group, before));
        Assert.True(_clock.Believes(Group, Now));
        Assert.False(_clock.Believes(Group + 1, Now));
    }

    [Fact]
    public async Task Who_asks_an_upstream_of_another_group_has_the_shard_asked_at_once_and_waits_for_it()
    {
        Hear(isUnbroken: false);
        Assert.False(_clock.IsUsed);
        var wanted = _clock.Wanted;
        var listening = _clock.Listen(Group, CancellationToken.None).AsTask();
        Assert.True(wanted.IsCompleted);
        Assert.False(listening.IsCompleted);
        Hear();
        await listening;
        Assert.True(_clock.IsUsed);
        Assert.True(_clock.Believes(Group, Now));
        Assert.True(_clock.Listen(Group, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        Assert.False(_clock.Wanted.IsCompleted);
    }

    [Fact]
    public async Task Nobody_waits_for_a_shard_that_does_not_answer()
    {
        _clock.Ask();
        var listening = _clock.Listen(Group, CancellationToken.None).AsTask();
        Assert.False(listening.IsCompleted);
        _clock.Missed();
        await listening;
        _clock.Ask();
        Assert.True(_clock.Listen(Group, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        Assert.False(_clock.Believes(Group, Now));
    }

    [Fact]
    public async Task A_round_that_was_under_way_before_is_not_enough()
    {
        Hear(isUnbroken: false);
        var early = _clock.Ask();
        var listening = _clock.Listen(Group, CancellationToken.None).AsTask();
        _clock.Heard(Now, isUnbroken: true, early, isWhole: true);
        Assert.False(listening.IsCompleted);
        await _clock.Wanted;
        Hear();
        await listening;
    }

    [Fact]
    public async Task A_shard_that_does_not_answer_holds_a_pull_up_for_half_a_second_and_one_that_is_away_for_no_time()
    {
        Hear(isUnbroken: false);
        var listening = _clock.Listen(Group, CancellationToken.None).AsTask();
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(listening.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await listening;
        Assert.False(_clock.Believes(Group, Now));
        _time.Advance(CacheReport.Trust);
        Assert.False(_clock.IsTrusted);
        Assert.True(_clock.Listen(Group, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        _clock.Leave();
        Assert.True(_clock.Listen(Group, CancellationToken.None).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Who_ends_waits_no_longer()
    {
        Hear(isUnbroken: false);
        using var gone = new CancellationTokenSource();
        var listening = _clock.Listen(Group, gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => listening);
    }

    [Fact]
    public void Before_the_first_answer_a_pull_waits_once_it_was_asked_for()
    {
        Assert.True(_clock.Listen(Group, CancellationToken.None).AsTask().IsCompletedSuccessfully);
        var first = _clock.Ask();
        var listening = _clock.Listen(Group, CancellationToken.None).AsTask();
        Assert.False(listening.IsCompleted);
        _clock.Heard(Now, isUnbroken: false, first, isWhole: true);
        Assert.True(_clock.Believes(Group, Now));
    }

    [Fact]
    public void Missed_writes_end_the_belief_of_every_group_of_the_shard()
    {
        Hear(isUnbroken: false, Group, Group + 1);
        var at = Now;
        Assert.True(_clock.Believes(Group, at) && _clock.Believes(Group + 1, at));
        _time.Advance(Tick);
        Hear(isUnbroken: false);
        Assert.False(_clock.Believes(Group, at) || _clock.Believes(Group + 1, at));
        Assert.Equal(Now, _clock.HeardSince(Group));
    }

    [Fact]
    public void What_nobody_pulls_from_is_told_of_for_a_day_and_is_not_believed_after_it()
    {
        Hear(isUnbroken: false, Group);
        var at = Now;
        _time.Advance(TimeSpan.FromDays(1));
        Assert.True(_clock.Ask().Has(Group));
        _time.Advance(TimeSpan.FromHours(2));
        var interest = _clock.Ask();
        Assert.False(interest.Has(Group));
        _clock.Heard(Now, isUnbroken: true, interest, isWhole: true);
        Assert.False(_clock.Believes(Group, at));

        // What was pulled now is not what was known before.
        Hear(used: Group);
        Assert.False(_clock.Believes(Group, at));
        Assert.True(_clock.Believes(Group, Now));
    }

    [Fact]
    public void Names_that_lead_to_nothing_are_told_of_for_no_longer_than_an_upstream_takes_to_say_so()
    {
        Hear(isUnbroken: false, Group);
        for (var group = 0; group < WriteGroup.Groups; group++)
        {
            _clock.Listen(group, CancellationToken.None).AsTask().Ignore();
        }

        Assert.True(Enumerable.Range(0, WriteGroup.Groups).All(_clock.Ask().Has));
        Hear();
        _time.Advance(ShardClock.MaxAsked - Tick);
        Assert.True(_clock.Ask().Has(Group + 1));

        // Nor does it last longer because what was not found is looked for again, or is remembered as such.
        Hear();
        Assert.True(_clock.Believes(Group + 1, Now));
        _time.Advance(Tick);
        var interest = _clock.Ask();
        Assert.Equal([Group], Enumerable.Range(0, WriteGroup.Groups).Where(interest.Has));
    }

    private long Now => _time.GetTimestamp();

    private void Hear(bool isUnbroken = true, params int[] used)
    {
        foreach (var group in used)
        {
            _clock.Keep(group);
        }

        _clock.Heard(Now, isUnbroken, _clock.Ask(), isWhole: true);
    }
}
