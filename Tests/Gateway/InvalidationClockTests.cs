using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Writes that never end cost the others nothing.</summary>
public sealed class InvalidationClockTests
{
    private const string Upstream = "https://up.example";

    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly FakeTimeProvider _time = new();
    private readonly Guid _first = Guid.NewGuid();
    private readonly Guid _second = Guid.NewGuid();

    [Fact]
    public void Unfinished_writes_are_looked_through_once_a_second_at_most_however_many_there_are()
    {
        var watch = new InvalidationClock(_time);
        for (var second = 0; second < 180; second++)
        {
            for (var i = 0; i < 100; i++)
            {
                watch.Note(Target($"{second}-{i}"), Guid.NewGuid(), isFinished: false);
            }

            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var unfinished = watch.Unfinished;
        Assert.InRange(unfinished.Sweeps, 1, 180);
        Assert.Equal(UnfinishedWrites.MaxOfRepository, unfinished.Count);
        _time.Advance(TimeSpan.FromMinutes(2));
        watch.Note(Target("next"), Guid.NewGuid(), isFinished: false);
        Assert.Equal(1, unfinished.Count);
    }

    [Fact]
    public void Who_never_ends_writes_of_a_repository_costs_that_repository_alone_a_minute()
    {
        var watch = new InvalidationClock(_time);
        for (var i = 0; i <= UnfinishedWrites.MaxCount * 2; i++)
        {
            watch.Note(Target($"{i}"), Guid.NewGuid(), isFinished: false);
        }

        Assert.False(MayLearn(watch, Target($"{UnfinishedWrites.MaxCount * 2}")));
        Assert.False(MayLearn(watch, Target("another")));
        Assert.True(MayLearn(watch, Target("another", repository: "c/d")));
        Assert.True(MayLearn(watch, Target("another", "https://other.example")));
        _time.Advance(UnfinishedWrites.MaxTime);
        Assert.True(MayLearn(watch, Target("another")));
    }

    [Fact]
    public void Writes_of_however_many_repositories_that_never_end_cost_hardly_any_other_something()
    {
        var watch = new InvalidationClock(_time);
        for (var i = 0; i < UnfinishedWrites.MaxCount + 1000; i++)
        {
            watch.Note(Target("t", repository: $"own/{i}"), Guid.NewGuid(), isFinished: false);
        }

        Assert.Equal(UnfinishedWrites.MaxCount, watch.Unfinished.Count);
        Assert.All([0, 1, UnfinishedWrites.MaxCount, UnfinishedWrites.MaxCount + 999],
            i => Assert.False(MayLearn(watch, Target("t", repository: $"own/{i}"))));

        // 1000 of 65,536.
        Assert.InRange(Enumerable.Range(0, 1000).Count(i => MayLearn(watch, Target("t", repository: $"other/{i}"))), 900, 1000);

        // Room comes back as they grow old, not all at once a minute after the last look.
        _time.Advance(UnfinishedWrites.MaxTime);
        watch.Note(Target("next"), Guid.NewGuid(), isFinished: false);
        Assert.Equal(1, watch.Unfinished.Count);
    }

    [Fact]
    public void A_write_that_is_refused_does_not_end_another_one_of_the_same_tag()
    {
        var watch = new InvalidationClock(_time);
        watch.Note(Target("v1"), _first, isFinished: false);
        watch.Note(Target("v1"), _second, isFinished: false);
        watch.NoteRefused(Target("v1"), _first);
        Assert.False(MayLearn(watch, Target("v1")));
        watch.Note(Target("v1"), _second, isFinished: true);
        Assert.True(MayLearn(watch, Target("v1")));
        Assert.Equal(0, watch.Unfinished.Count);

        // What was lost is not kept for ever.
        watch.Note(Target("v1"), _first, isFinished: false);
        _time.Advance(UnfinishedWrites.MaxTime);
        watch.Note(Target("v2"), _second, isFinished: false);
        Assert.Equal(1, watch.Unfinished.Count);
    }

    [Fact]
    public void What_is_said_late_of_a_write_does_not_end_one_that_began_after_it()
    {
        var watch = new InvalidationClock(_time);
        watch.Note(Target("v1"), _first, isFinished: false);
        watch.Note(Target("v1"), _second, isFinished: false);
        watch.Note(Target("v1"), _first, isFinished: true);
        Assert.False(MayLearn(watch, Target("v1")));
        watch.Note(Target("v1"), _first, isFinished: true);
        watch.NoteRefused(Target("v1"), _first);
        Assert.False(MayLearn(watch, Target("v1")));
        watch.Note(Target("v1"), _second, isFinished: true);
        Assert.True(MayLearn(watch, Target("v1")));
    }

    [Fact]
    public void A_write_ends_those_that_were_lost_before_it_began_and_none_that_was_heard_of_since()
    {
        var watch = new InvalidationClock(_time);
        watch.Note(Target("v1"), _first, isFinished: false);
        watch.Note(Target("v1"), _second, isFinished: false);
        watch.Note(Target("v1"), _second, isFinished: true);
        Assert.True(MayLearn(watch, Target("v1")));

        // The answer of the first one is lost while the second one runs: it may reach the upstream after it.
        watch.Note(Target("v1"), _first, isFinished: false);
        watch.Note(Target("v1"), _second, isFinished: false);
        watch.Note(Target("v1"), _first, isFinished: false);
        watch.Note(Target("v1"), _second, isFinished: true);
        Assert.False(MayLearn(watch, Target("v1")));
    }

    [Fact]
    public void A_tag_with_too_many_writes_at_once_is_not_kept_until_the_last_of_them_has_surely_ended()
    {
        var watch = new InvalidationClock(_time);
        Guid[] writes = [.. Enumerable.Range(0, WritesOfOne.MaxCount + 1).Select(_ => Guid.NewGuid())];
        Assert.All(writes, write => watch.Note(Target("v1"), write, isFinished: false));
        Assert.All(writes, write => watch.Note(Target("v1"), write, isFinished: true));
        Assert.False(MayLearn(watch, Target("v1")));
        Assert.True(MayLearn(watch, Target("v2")));
        _time.Advance(UnfinishedWrites.MaxTime);
        Assert.True(MayLearn(watch, Target("v1")));
    }

    [Fact]
    public void A_write_that_was_refused_disturbs_nobody_who_asked_meanwhile()
    {
        var watch = new InvalidationClock(_time);
        watch.Note(Target("v1"), _first, isFinished: false);
        var mark = MarkOf(watch, Target("v1"));
        Assert.False(watch.MayLearn(Target("v1"), mark));
        Assert.True(watch.MayLearn(Target("v2"), mark));
        watch.NoteRefused(Target("v1"), _first);
        Assert.True(watch.MayLearn(Target("v1"), mark));
        Assert.True(watch.MayLearn(Target("v2"), mark));
        watch.Note(Target("v1"), _second, isFinished: true);
        Assert.False(watch.MayLearn(Target("v1"), mark));
    }

    [Fact]
    public void Answers_are_believed_while_writes_are_heard_of()
    {
        var clock = new InvalidationClock(_time);
        Assert.False(clock.IsTrusted);
        Assert.False(clock.Believes(Place, long.MaxValue));
        Hear(clock, isUnbroken: false);
        Assert.True(clock.Hears(Place));
        _time.Advance(CacheReport.Trust - Tick);
        Assert.True(clock.IsTrusted);
        Assert.True(clock.Believes(Place, _time.GetTimestamp()));
        _time.Advance(Tick);
        Assert.False(clock.IsTrusted);
        Assert.False(clock.Hears(Place));
        Hear(clock);
        Assert.True(clock.Hears(Place));
        clock.Leave();
        Assert.False(clock.IsTrusted);
        Assert.False(clock.Shards[Place.Group.Shard].IsTrusted);
    }

    [Fact]
    public void Both_those_of_a_former_version_and_the_shard_must_tell()
    {
        var clock = new InvalidationClock(_time);
        clock.Heard(_time.GetTimestamp(), isUnbroken: false);
        Assert.False(clock.Hears(Place));
        Assert.False(clock.Believes(Place, _time.GetTimestamp()));
        clock.Leave();
        Hear(clock);
        _time.Advance(CacheReport.Trust);
        HearShards(clock);
        Assert.False(clock.Hears(Place));
        Assert.False(clock.Believes(Place, _time.GetTimestamp()));
    }

    [Fact]
    public void What_was_said_before_a_break_is_not_believed_and_is_another_question()
    {
        var clock = new InvalidationClock(_time);
        Hear(clock, isUnbroken: false);
        var (began, before) = (_time.GetTimestamp(), MarkOf(clock, Target("v1")));
        _time.Advance(TimeSpan.FromSeconds(1));
        Hear(clock);
        Assert.True(clock.Believes(Place, began));
        Assert.Equal(before with { At = _time.GetTimestamp() }, MarkOf(clock, Target("v1")));
        clock.Heard(_time.GetTimestamp(), isUnbroken: false);
        Assert.False(clock.Believes(Place, _time.GetTimestamp() - 1));
        Assert.True(clock.Believes(Place, _time.GetTimestamp()));
        var after = MarkOf(clock, Target("v1"));
        Assert.NotEqual(before.Epoch, after.Epoch);
        _time.Advance(Tick);
        HearShards(clock, isUnbroken: false);
        Assert.NotEqual(after.Epoch, MarkOf(clock, Target("v1")).Epoch);
        Assert.NotNull(after.Epoch);
    }

    [Fact]
    public void A_shard_that_tells_of_every_write_needs_no_other_grain()
    {
        var clock = new InvalidationClock(_time);
        HearShards(clock, isUnbroken: false, isWhole: true);
        var at = _time.GetTimestamp();
        Assert.True(clock.Hears(Place) && clock.Believes(Place, at));
        Assert.NotNull(MarkOf(clock, Target("v1")).Epoch);

        // Silos of a former version come: what it does not tell of is not believed until it is heard of, and not from before that.
        HearShards(clock);
        Assert.False(clock.Hears(Place) || clock.Believes(Place, at));
        Assert.Null(MarkOf(clock, Target("v1")).Epoch);
        _time.Advance(Tick);
        clock.Heard(_time.GetTimestamp(), isUnbroken: false);
        Assert.False(clock.Believes(Place, at));
        Assert.True(clock.Believes(Place, _time.GetTimestamp()));

        // They go again: what was not believed may have been written meanwhile, and is not believed again.
        HearShards(clock, isWhole: true);
        Assert.False(clock.Believes(Place, at));
        Assert.True(clock.Believes(Place, _time.GetTimestamp()));
    }

    [Fact]
    public void Two_moments_are_the_same_only_while_every_write_between_them_is_heard_of()
    {
        var clock = new InvalidationClock(_time);
        Assert.Null(MarkOf(clock, Target("v1")).Epoch);
        Hear(clock, isUnbroken: false);
        var first = MarkOf(clock, Target("v1")).Epoch;
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Assert.NotNull(first), MarkOf(clock, Target("v1")).Epoch);
        clock.Note(Target("v1"), _first, isFinished: false);
        Assert.NotEqual(first, MarkOf(clock, Target("v1")).Epoch);
        _time.Advance(CacheReport.Trust);
        Assert.Null(MarkOf(clock, Target("v1")).Epoch);
    }

    private static RepositoryPlace Place => Target("v1").Place;

    private void Hear(InvalidationClock clock, bool isUnbroken = true)
    {
        clock.Heard(_time.GetTimestamp(), isUnbroken);
        HearShards(clock, isUnbroken);
    }

    private void HearShards(InvalidationClock clock, bool isUnbroken = true, bool isWhole = false)
    {
        foreach (var shard in clock.Shards)
        {
            shard.Heard(_time.GetTimestamp(), isUnbroken, WriteInterest.Of(1, _ => true), isWhole, clock.FormerHeardSince);
        }
    }

    private static bool MayLearn(InvalidationClock watch, WriteTarget target) => watch.MayLearn(target, MarkOf(watch, target));

    private static WriteMark MarkOf(InvalidationClock watch, WriteTarget target) =>
        watch.Mark(new TenantRepository(new Supplier("acme", "up"), target.Address, target.Repository));

    private static WriteTarget Target(string tag, string upstream = Upstream, string repository = "a/b") =>
        new(upstream, RepositoryName.Parse(repository),
            ManifestReference.Of(Tag.TryParse(tag, out var parsed) ? parsed : throw new FormatException(tag)));
}
