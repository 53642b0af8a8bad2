using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Protocol;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Writes that never end cost the others nothing.</summary>
public sealed class WriteWatchTests
{
    private const string Upstream = "https://up.example";

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Unfinished_writes_are_looked_through_once_a_minute_however_many_there_are()
    {
        var watch = new WriteWatch(_time);
        for (var second = 0; second < 180; second++)
        {
            for (var i = 0; i < 100; i++)
            {
                watch.Note(Target($"{second}-{i}"), isFinished: false);
            }

            _time.Advance(TimeSpan.FromSeconds(1));
        }

        var unfinished = watch.Of(Upstream);
        Assert.InRange(unfinished.Sweeps, 1, 3);
        Assert.Equal(UnfinishedWrites.MaxCount, unfinished.Count);
        watch.Note(Target("last"), isFinished: false);
        watch.Note(Target("last"), isFinished: true);
        _time.Advance(TimeSpan.FromMinutes(2));
        watch.Note(Target("next"), isFinished: false);
        Assert.Equal(1, unfinished.Count);
    }

    [Fact]
    public void Beyond_the_writes_that_are_told_apart_nothing_of_that_upstream_is_kept_for_a_minute()
    {
        var watch = new WriteWatch(_time);
        for (var i = 0; i <= UnfinishedWrites.MaxCount; i++)
        {
            watch.Note(Target($"{i}"), isFinished: false);
        }

        Assert.False(MayLearn(watch, Target($"{UnfinishedWrites.MaxCount}")));
        Assert.False(MayLearn(watch, Target("another")));
        Assert.True(MayLearn(watch, Target("another", "https://other.example")));
        _time.Advance(UnfinishedWrites.MaxTime);
        Assert.True(MayLearn(watch, Target("another")));
    }

    [Fact]
    public void A_write_that_was_refused_disturbs_nobody_who_asked_meanwhile()
    {
        var watch = new WriteWatch(_time);
        watch.Note(Target("v1"), isFinished: false);
        var mark = MarkOf(watch, Target("v1"));
        Assert.False(watch.MayLearn(Target("v1"), mark));
        Assert.True(watch.MayLearn(Target("v2"), mark));
        watch.NoteRefused(Target("v1"));
        Assert.True(watch.MayLearn(Target("v1"), mark));
        Assert.True(watch.MayLearn(Target("v2"), mark));
        watch.Note(Target("v1"), isFinished: true);
        Assert.False(watch.MayLearn(Target("v1"), mark));
    }

    private static bool MayLearn(WriteWatch watch, WriteTarget target) => watch.MayLearn(target, MarkOf(watch, target));

    private static WriteMark MarkOf(WriteWatch watch, WriteTarget target) =>
        watch.Mark(new TenantRepository(new Supplier("acme", "up"), target.Address, target.Repository));

    private static WriteTarget Target(string tag, string upstream = Upstream) =>
        new(upstream, RepositoryName.Parse("a/b"), ManifestReference.Of(Tag.TryParse(tag, out var parsed) ? parsed : throw new FormatException(tag)));
}
