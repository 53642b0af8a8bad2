using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Operations;

namespace RegistryProxy.Tests.Grains;

/// <summary>The last hour of tenants and upstreams, from what gateways report.</summary>
public sealed class ActivityBookTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 0, 0, TimeSpan.Zero));

    [Fact]
    public void What_is_done_between_two_reports_is_counted_when_it_is_told()
    {
        var book = new ActivityBook(_time);
        book.Count(Report(("acme", 1000)), Report(("acme", 1007)));
        _time.Advance(TimeSpan.FromMinutes(1));
        book.Count(Report(("acme", 1007)), Report(("acme", 1010), ("new", 4)));

        Assert.Equal(["acme", "new"], book.Describe(ActivityKind.Tenant).Items.Select(item => item.Name).Order());
        var acme = book.Describe(ActivityKind.Tenant).Items.Single(item => item.Name == "acme");
        Assert.Equal([10, 0, 0, 0, 0, 0], acme.LastHour);
        var points = Requests(book, 360);
        Assert.Equal((7, 3), (points[^7], points[^1]));
        Assert.Equal(10, points.Sum());
    }

    [Fact]
    public void A_minute_that_is_whole_gives_the_rate()
    {
        var book = new ActivityBook(_time);
        for (var step = 0; step < 6; step++)
        {
            book.Count(Report(("acme", 0)), Report(("acme", 20)));
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        book.Count(Report(("acme", 0)), Report(("acme", 999)));
        Assert.Equal(2, book.Describe(ActivityKind.Tenant).Items.Single().PerSecond[0]);
    }

    [Fact]
    public void An_hour_later_it_is_forgotten_step_by_step_and_then_altogether()
    {
        var book = new ActivityBook(_time);
        book.Count(Report(("acme", 0)), Report(("acme", 5)));
        _time.Advance(TimeSpan.FromSeconds(10));
        book.Count(Report(("acme", 0)), Report(("acme", 2)));
        _time.Advance(TimeSpan.FromSeconds(3590));
        Assert.Equal(2, book.Describe(ActivityKind.Tenant).Items.Single().LastHour[0]);
        Assert.Equal(2, Requests(book, 60).Sum());
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Empty(book.Describe(ActivityKind.Tenant).Items);
        Assert.All(Requests(book, 60), point => Assert.Equal(0, point));
    }

    [Fact]
    public void A_ring_that_is_used_again_after_a_pause_holds_nothing_of_before()
    {
        var book = new ActivityBook(_time);
        book.Count(Report(("acme", 0)), Report(("acme", 5)));
        _time.Advance(TimeSpan.FromMinutes(50));
        book.Count(Report(("acme", 0)), Report(("acme", 1)));
        _time.Advance(TimeSpan.FromMinutes(30));
        book.Count(Report(("acme", 0)), Report(("acme", 1)));
        Assert.Equal(2, Requests(book, 360).Sum());
    }

    [Fact]
    public void A_report_that_was_overtaken_takes_nothing_away()
    {
        var book = new ActivityBook(_time);
        book.Count(Report(("acme", 9)), Report(("acme", 4)));
        Assert.Empty(book.Describe(ActivityKind.Tenant).Items);
    }

    [Fact]
    public void Of_too_many_the_longest_idle_goes_and_memory_is_bounded()
    {
        var book = new ActivityBook(_time);
        book.Count(Report(("first", 0)), Report(("first", 1)));
        _time.Advance(TimeSpan.FromSeconds(20));
        book.Count(Report(), Report([.. Enumerable.Range(0, 5000).Select(i => ($"tenant-{i}", 1L))]));
        var kept = book.Describe(ActivityKind.Tenant).Items;
        Assert.Equal(3000, kept.Count);
        Assert.DoesNotContain("first", kept.Select(item => item.Name));
        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = new ActivityRing(0);
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(bytes * kept.Count, 1, 32 * 1024 * 1024);
    }

    [Fact]
    public void Names_that_come_and_go_take_nothing_from_those_that_are_busy()
    {
        var book = new ActivityBook(_time);
        var busy = Enumerable.Range(0, 3000).Select(i => ($"busy-{i}", 1L)).ToArray();
        for (var step = 0; step < 10; step++)
        {
            book.Count(Report(), Report(busy));
            book.Count(Report(), Report([.. Enumerable.Range(0, 100).Select(i => ($"new-{step}-{i}", 1L))]));
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        Assert.All(book.Describe(ActivityKind.Tenant).Items, item => Assert.Equal(10, item.LastHour[0]));
        _time.Advance(TimeSpan.FromSeconds(10));
        book.Count(Report(), Report(("late", 1)));
        Assert.Contains("late", book.Describe(ActivityKind.Tenant).Items.Select(item => item.Name));
    }

    [Fact]
    public void The_hour_is_said_to_begin_when_counting_did()
    {
        var book = new ActivityBook(_time);
        var began = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal(began, book.Since);
        _time.Advance(TimeSpan.FromMinutes(50));
        Assert.Equal(_time.GetUtcNow() - TimeSpan.FromHours(1), book.Since);
    }

    [Fact]
    public void Upstreams_have_numbers_of_their_own()
    {
        var book = new ActivityBook(_time);
        var after = Report() with { Upstreams = [new UpstreamTraffic("acme", 4, 2, 1, 0.5)] };
        book.Count(Report(), after);
        Assert.Equal([4, 2, 1, 0.5], book.Describe(ActivityKind.Upstream).Items.Single().LastHour);
        Assert.Empty(book.Describe(ActivityKind.Tenant).Items);
        Assert.Equal([4, 2, 1, 0.5], book.Histories(ActivityKind.Upstream, ["acme"], 1).Single().Points);
    }

    private static double[] Requests(ActivityBook book, int points) =>
        [.. book.Histories(ActivityKind.Tenant, ["acme"], points).Single().Points.Where((_, i) => i % 6 == 0)];

    private static ProcessReport Report(params (string Tenant, long Requests)[] tenants) => new()
    {
        Id = "g", Kind = "gateway", Host = "h", Version = "1", Started = default, Configuration = "c",
        Tenants = [.. tenants.Select(tenant => new TenantTraffic(tenant.Tenant, tenant.Requests, 0, 0))],
    };
}
