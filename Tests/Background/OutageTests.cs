using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Background;

namespace RegistryProxy.Tests.Background;

/// <summary>A fault that lasts is news once, and so is its end.</summary>
public sealed class OutageTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void The_first_failure_is_news_and_the_end_says_how_many_there_were_and_for_how_long()
    {
        var outage = new Outage(_time);
        Assert.False(outage.End(out _, out _));
        Assert.True(outage.Fail());
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.False(outage.Fail());
        Assert.Equal((TimeSpan.FromSeconds(5), 2L), outage.Now);
        Assert.True(outage.End(out var failures, out var lasted));
        Assert.Equal((2L, TimeSpan.FromSeconds(5)), (failures, lasted));
        Assert.False(outage.End(out failures, out lasted));
        Assert.Equal((0L, TimeSpan.Zero), (failures, lasted));
        Assert.Null(outage.Now);
        Assert.True(outage.Fail());
    }

    [Fact]
    public void Where_single_calls_fail_among_others_it_ends_when_none_failed_for_a_while()
    {
        var outage = new Outage(_time, TimeSpan.FromSeconds(10));
        Assert.True(outage.Fail());
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(outage.End(out _, out _));
        Assert.False(outage.Fail());
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.False(outage.End(out _, out _));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(outage.End(out var failures, out var lasted));
        Assert.Equal((2L, TimeSpan.FromSeconds(19)), (failures, lasted));
    }
}
