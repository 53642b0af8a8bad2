using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Administration;

namespace RegistryProxy.Tests.Grains;

/// <summary>Tenants that wait for a place are not overtaken, and no turn gets lost.</summary>
public sealed class GatheringLineTests
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly GatheringLine _line;

    public GatheringLineTests() => _line = new GatheringLine(_time);

    [Fact]
    public async Task A_place_is_its_tenants_from_its_turn_until_it_is_taken()
    {
        var (first, same, second) = (_line.Wait("a"), _line.Wait("a"), _line.Wait("b"));
        Assert.Equal(2, _line.Count);
        _line.Next();
        Assert.Equal(2, _line.Count);
        Assert.False(_line.Take("b"));
        Assert.True(_line.Take("a"));
        Assert.False(_line.Take("a"));
        Assert.Equal(1, _line.Count);
        Assert.True(await first);
        Assert.True(await same);
        Assert.False(second.IsCompleted);
    }

    [Fact]
    public async Task A_turn_that_comes_at_the_last_moment_is_not_lost()
    {
        var waiting = _line.Wait("a");
        _line.Next();
        _time.Advance(MaxWait);
        Assert.True(await waiting);
        Assert.True(_line.Take("a"));
    }

    [Fact]
    public async Task Who_has_waited_long_enough_has_no_turn_any_more()
    {
        var waiting = _line.Wait("a");
        _time.Advance(MaxWait);
        Assert.False(await waiting);
        _line.Next();
        Assert.Equal(0, _line.Count);
        Assert.False(_line.Take("a"));
    }
}
