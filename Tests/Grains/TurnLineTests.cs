using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Referrers;

namespace RegistryProxy.Tests.Grains;

/// <summary>Turns come one after the other, in order, and end by themselves.</summary>
public sealed class TurnLineTests
{
    private static readonly Guid First = Guid.NewGuid();
    private static readonly Guid Second = Guid.NewGuid();
    private static readonly Guid Third = Guid.NewGuid();

    private readonly FakeTimeProvider _time = new();
    private readonly TurnLine _line;

    public TurnLineTests() => _line = new TurnLine(_time);

    [Fact]
    public void One_has_its_turn_at_a_time_in_the_order_in_which_they_came()
    {
        Assert.True(_line.Join(First)!.IsCompleted);
        Assert.True(_line.TryBegin(First));
        var comes = _line.Join(Second)!;
        Assert.False(comes.IsCompleted);
        Assert.False(_line.TryBegin(Second));
        _line.Join(Third);

        // Asked once more, whose answer was lost.
        Assert.True(_line.Join(First)!.IsCompleted);
        Assert.True(_line.TryBegin(First));
        Assert.True(_line.Leave(First));
        Assert.True(comes.IsCompleted);
        Assert.False(_line.TryBegin(Third));
        Assert.True(_line.TryBegin(Second));
        Assert.False(_line.Leave(First));
    }

    [Fact]
    public void Who_is_silent_loses_the_place_and_who_takes_too_long_the_turn()
    {
        _line.Join(First);
        Assert.True(_line.TryBegin(First));
        _line.Join(Second);
        _line.Join(Third);
        _time.Advance(TimeSpan.FromSeconds(4));
        _line.Join(Third);
        _time.Advance(TimeSpan.FromSeconds(4));
        _line.Join(Third);
        Assert.True(_line.Leave(First));
        Assert.True(_line.TryBegin(Third));
        _line.Join(Second);
        _time.Advance(ReferrersTurn.MaxTime);
        Assert.False(_line.Leave(Third));
    }

    [Fact]
    public void There_are_so_many_places_and_no_more()
    {
        for (var i = 0; i < TurnLine.Capacity; i++)
        {
            Assert.NotNull(_line.Join(Guid.NewGuid()));
        }

        Assert.Null(_line.Join(First));
        Assert.False(_line.TryBegin(First));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(_line.Join(First)!.IsCompleted);
    }
}
