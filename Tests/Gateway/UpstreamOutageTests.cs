using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Gateway;

/// <summary>
/// What is wrong with an upstream, with its storage or with its rate limit is told apart, said once, and shown from the first failure until
/// it has ended, however seldom it is asked.
/// </summary>
public sealed partial class UpstreamOutageTests : IDisposable
{
    private const string Up = "https://up.example";
    private const string Bucket = "https://bucket.example";

    private static readonly ExchangeFault Error = new("status", "it answers 500");
    private static readonly ExchangeFault Forbidden = new("refused", "it answers 403");

    private readonly FakeTimeProvider _time = new(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly UpstreamHealth _health;
    private readonly LogLines<FailingUpstreams> _log = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FailingUpstreams _failing;
    private readonly MeterReadings _gauge;
    private readonly MeterReadings _counter;

    public UpstreamOutageTests()
    {
        var meters = _services.GetRequiredService<IMeterFactory>();
        _health = new UpstreamHealth("up", () => Up, new UpstreamFailureMeter(meters, _time), new LogLines());
        _gauge = new(meters, "registryproxy.gateway.upstream_failing");
        _counter = new(meters, "registryproxy.gateway.upstream_failures");
        _failing = new FailingUpstreams((_, sight) => _health.Noted(sight, _time.GetUtcNow()), meters, _time, _log);
    }

    public void Dispose()
    {
        _gauge.Dispose();
        _counter.Dispose();
        _failing.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void An_answer_between_failures_ends_nothing_however_seldom_it_is_asked()
    {
        for (var minute = 0; minute < 60; minute++)
        {
            _failing.Failed("up", Up, Error);
            _time.Advance(TimeSpan.FromSeconds(30));
            _failing.Answered("up");
            _time.Advance(TimeSpan.FromSeconds(30));
            _failing.TellNews();
        }

        Assert.Equal(
            $"Upstream up ({Up}) has been failing since 2026-01-01 00:00:00Z (failures: 1): it answers 500", Assert.Single(_log.Lines));
        Assert.Equal([("failing", 3600)], Lasting());
        _failing.Answered("up");
        _failing.Answered("up");
        Assert.Equal("Upstream up recovered after 3600 s (60 failed requests since 2026-01-01 00:00:00Z)", _log.Lines[^1]);
        Assert.Equal([("failing", 0)], Lasting());
        Assert.Equal(2, _log.Lines.Count);
    }

    [Fact]
    public void It_lasts_while_nobody_asks_and_ends_when_nothing_fails_after_an_answer()
    {
        _failing.Failed("up", Up, Error);
        Pass(TimeSpan.FromMinutes(20));
        Assert.Equal([("failing", 1200)], Lasting());
        _failing.Answered("up");
        Pass(TimeSpan.FromSeconds(4));
        Assert.Equal([("failing", 0)], Lasting());
        Assert.Equal("Upstream up recovered after 1200 s (1 failed requests since 2026-01-01 00:00:00Z)", _log.Lines[^1]);
    }

    [Fact]
    public void Of_what_nobody_asks_for_an_hour_it_is_said_that_nothing_is_known()
    {
        _failing.Failed("up", Up, Error);
        Pass(TimeSpan.FromMinutes(61));
        Assert.Equal([("failing", 0)], Lasting());
        Assert.Equal("Upstream up has not been asked for an hour; whether what failed since 2026-01-01 00:00:00Z (failures: 1) has been " +
            "mended is not known", _log.Lines[^1]);
        Assert.Equal(("never asked", null), (Shown().State, Shown().FailingSince));
    }

    [Fact]
    public void Storage_is_another_matter_than_the_upstream_and_its_credential()
    {
        _failing.StorageFailed("up", Bucket, Forbidden);
        _failing.StorageFailed("up", Bucket, Forbidden);
        for (var i = 0; i < 10; i++, _time.Advance(TimeSpan.FromSeconds(10)))
        {
            _failing.Answered("up");
            _failing.TellNews();
        }

        Assert.Equal($"Storage of upstream up ({Bucket}) has been failing since 2026-01-01 00:00:00Z (failures: 1): it answers 403",
            Assert.Single(_log.Lines));
        Assert.True(_failing.IsSaid("up", Forbidden));
        Assert.Equal([("storage", 100)], Lasting());
        Assert.Equal(["storage_refused", "storage_refused"], _counter.Counted.Select(one => one.Labels["reason"]));
        var status = Shown();
        Assert.Equal(("storage failing", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)), (status.State, status.FailingSince));
        Assert.Equal(_log.Lines[0].Replace("failures: 1", "failures: 2"), status.LastError);
        Assert.Equal(status.LastError, Assert.Single(status.Troubles!).What);
        for (var i = 0; i < 3; i++)
        {
            _failing.StorageAnswered("up");
        }

        Assert.Equal("Storage of upstream up recovered after 100 s (2 failed requests since 2026-01-01 00:00:00Z)", _log.Lines[^1]);
        Assert.Equal(("healthy", null), (Shown().State, Shown().FailingSince));
    }

    [Fact]
    public void A_rate_limit_is_said_once_with_its_end_and_lasts_while_requests_are_spared()
    {
        _failing.Limited("up", Up, TimeSpan.FromSeconds(300), isAnswer: true);
        for (var i = 0; i < 29; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            _failing.Limited("up", Up, TimeSpan.FromSeconds(300 - (10 * i)), isAnswer: false);
        }

        Assert.Equal(
            $"Upstream up ({Up}) has been rate-limiting since 2026-01-01 00:00:00Z (refusals: 1): it answers 429; nothing is " +
            "asked of it until 2026-01-01 00:05:00Z", Assert.Single(_log.Lines));
        Assert.Equal([("limited", 290)], Lasting());
        Assert.Equal("throttled", Assert.Single(_counter.Counted).Labels["reason"]);
        Assert.Equal(("limited", null), (Shown().State, Shown().FailingSince));
        _time.Advance(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 3; i++)
        {
            _failing.Answered("up");
        }

        Assert.Equal("Upstream up takes requests again after 320 s (1 limited requests since 2026-01-01 00:00:00Z)", _log.Lines[^1]);
        Assert.Equal([("limited", 0)], Lasting());
        Assert.Equal("healthy", Shown().State);
    }

    [Fact]
    public void A_limit_that_nobody_met_again_is_over_when_its_time_is()
    {
        _failing.Limited("up", Up, TimeSpan.FromSeconds(60), isAnswer: true);
        Pass(TimeSpan.FromMinutes(7));
        Assert.Equal([("limited", 0)], Lasting());
    }

    [Fact]
    public void A_limit_is_that_of_an_account_and_ends_with_it()
    {
        _failing.Limited("up", Up, TimeSpan.FromHours(6), isAnswer: true, "old");
        _failing.Answered("up", account: "old");
        Assert.Equal("limited", Shown().State);
        _failing.Answered("up", account: "new");
        Assert.Equal("healthy", Shown().State);
        _failing.Limited("up", Up, TimeSpan.FromHours(6), isAnswer: true, "new");
        _failing.Keep([Configured("up", "new")]);
        Assert.Equal("limited", Shown().State);
        _failing.Keep([Configured("up", "newer")]);
        Assert.Equal([("limited", 0)], Lasting());
        Assert.StartsWith("Upstream up takes requests again", _log.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_configured_any_more_fails_no_longer_and_is_forgotten()
    {
        _failing.Failed("up", Up, Error);
        _failing.Keep([]);
        Assert.Equal(
            "Upstream up is no longer configured; what failed since 2026-01-01 00:00:00Z (failures: 1) is over", _log.Lines[^1]);
        _failing.Failed("up", Up, Error);
        Assert.Equal([("failing", 0)], Lasting());
        Pass(TimeSpan.FromMinutes(11));
        Assert.Empty(Lasting());
        _failing.Keep([Configured("up", "")]);
        _failing.Failed("up", Up, Error);
        Assert.Equal([("failing", 1)], Lasting());
    }

    private static UpstreamSnapshot Configured(string name, string account) => new() { Name = name, Url = new Uri(Up), Account = account };

    /// <summary>The time goes by as the loop sees it.</summary>
    private void Pass(TimeSpan time)
    {
        for (var end = _time.GetUtcNow() + time; _time.GetUtcNow() < end; _time.Advance(TimeSpan.FromSeconds(2)))
        {
            _failing.TellNews();
        }
    }

    /// <summary>What operators are shown.</summary>
    private UpstreamStatus Shown() => _health.Describe("basic", "bearer", null, _time.GetUtcNow());

    private IEnumerable<(string, int)> Lasting() => _gauge.Shown().Select(one => ((string)one.Labels["condition"]!, (int)one.Value));
}
