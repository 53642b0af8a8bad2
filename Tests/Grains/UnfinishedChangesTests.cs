using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Cache;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Grains;

/// <summary>Writes of unknown end are remembered for a minute, and no more than so many.</summary>
public sealed class UnfinishedChangesTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly UnfinishedChanges _unfinished;

    public UnfinishedChangesTests() => _unfinished = new(_time);

    [Fact]
    public void A_write_is_remembered_until_it_ends_or_for_a_minute()
    {
        var (ended, refused, lost) = (Begin(1), Begin(1), Begin(2));
        Assert.Equal([ended, refused], Of(1));
        _unfinished.Note(ended with { IsFinished = true }, 1);
        _unfinished.Note(refused with { IsFinished = true, IsRefused = true }, 1);
        Assert.Empty(Of(1));
        Assert.Equal([lost], Of(2));
        _time.Advance(UnfinishedChanges.MaxTime);
        Assert.Empty(Of(2));
        Begin(3);
        Assert.Equal(1, _unfinished.Count);
    }

    [Fact]
    public void One_more_than_there_may_be_is_not_remembered_and_there_is_room_again_after_a_minute()
    {
        for (var i = 0; i <= UnfinishedChanges.MaxCount; i++)
        {
            Begin(1);
        }

        Assert.Equal(UnfinishedChanges.MaxCount, _unfinished.Count);
        _time.Advance(UnfinishedChanges.MaxTime);
        var late = Begin(1);
        Assert.Equal([late], Of(1));
        Assert.Equal(1, _unfinished.Count);
    }

    private CacheChange Begin(int group)
    {
        var change = new CacheChange("https://registry.example", "team/app", "v1", false, Write: Guid.NewGuid());
        _unfinished.Note(change, group);
        return change;
    }

    private List<CacheChange> Of(int group) => [.. _unfinished.Of(one => one == group)];
}
