using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Gateway.Audit;

namespace RegistryProxy.Tests.Gateway;

/// <summary>However many requests anybody makes, so many lines a second are written, and none goes uncounted.</summary>
public sealed class LimitedRequestsTests
{
    [Fact]
    public void So_many_a_second_are_written_and_the_next_says_how_many_there_were()
    {
        var time = new FakeTimeProvider();
        var requests = new LimitedRequests(time, perSecond: 3);
        Assert.Equal([1, 1, 1, null, null], Enumerable.Range(0, 5).Select(_ => requests.Count("acme")));
        Assert.Equal(1, requests.Count("other"));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([3, 1, 1, null], Enumerable.Range(0, 4).Select(_ => requests.Count("acme")));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(2, requests.Count("acme"));
    }

    [Fact]
    public void What_no_line_counts_is_told_when_its_second_is_over()
    {
        var time = new FakeTimeProvider();
        var requests = new LimitedRequests(time);
        Assert.Equal(1, requests.Count("acme"));
        Assert.All(Enumerable.Range(0, 9), _ => Assert.Null(requests.Count("acme")));
        Assert.Equal(1, requests.Count("other"));
        Assert.Empty(requests.TakeUntold());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal([("acme", 9)], requests.TakeUntold());
        Assert.Empty(requests.TakeUntold());
        Assert.Equal(1, requests.Count("acme"));
    }

    [Fact]
    public void The_last_time_everything_is_told()
    {
        var requests = new LimitedRequests(new FakeTimeProvider());
        Assert.Equal([1, null, null], Enumerable.Range(0, 3).Select(_ => requests.Count("acme")));
        Assert.Empty(requests.TakeUntold());
        Assert.Equal([("acme", 2)], requests.TakeUntold(isLast: true));
    }

    [Fact]
    public void What_is_counted_after_the_last_turn_has_lines_of_its_own()
    {
        var requests = new LimitedRequests(new FakeTimeProvider());
        Assert.Equal(1, requests.Count("acme"));
        Assert.Null(requests.Count("acme"));
        Assert.Equal([("acme", 1)], requests.TakeUntold(isLast: true));
        Assert.Equal(1, requests.Count("acme"));
        Assert.Equal(1, requests.Count("acme"));
        Assert.Equal(1, requests.Count("other"));
        Assert.Empty(requests.TakeUntold(isLast: true));
    }
}
