using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.Gateway;

/// <summary>However an upstream flaps, the silos are told twice a minute at most that it fails, and an outage is never missed.</summary>
public sealed class FailingUpstreamsTests : IDisposable
{
    private static readonly ExchangeFault Refused = new("connect", "connection refused");

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly List<UpstreamSight> _told = [];
    private readonly LogLines<FailingUpstreams> _log = new();
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly FailingUpstreams _failing;
    private readonly DateTimeOffset _began;

    public FailingUpstreamsTests()
    {
        _began = _time.GetUtcNow();
        _failing = new FailingUpstreams((_, sight) => _told.Add(sight), _services.GetRequiredService<IMeterFactory>(), _time, _log);
    }

    public void Dispose()
    {
        _failing.Dispose();
        _services.Dispose();
    }

    [Fact]
    public void One_that_flaps_is_one_outage_until_nothing_failed_for_a_while()
    {
        for (var i = 0; i < 1000; i++)
        {
            _failing.Failed("up", "http://up:5000", Refused);
            _failing.Answered("up");
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.Equal([Refused.Reason], _told.Select(sight => sight.Failure));
        _time.Advance(TimeSpan.FromSeconds(6));
        _failing.Answered("other");
        _failing.Answered("up");
        _failing.Answered("up");
        Assert.Equal([Refused.Reason, null], _told.Select(sight => sight.Failure));
        Assert.Equal(2, _log.Lines.Count);
        Assert.Equal(Fails(1, "connection refused", _began), _log.Lines[0]);
        Assert.Equal($"Upstream up recovered after 16 s (1000 failed requests since {_began:u})", _log.Lines[1]);
    }

    [Fact]
    public void An_outage_that_nobody_saw_the_end_of_is_over_when_the_next_begins()
    {
        _failing.Failed("up", "http://up:5000", Refused);
        _time.Advance(TimeSpan.FromSeconds(2));
        _failing.Answered("up");
        _time.Advance(TimeSpan.FromHours(5));
        _failing.Failed("up", "http://up:5000", ExchangeFault.Late);
        _failing.Failed("up", "http://up:5000", ExchangeFault.Late);
        Assert.Equal(
            [Fails(1, "connection refused", _began), $"Upstream up recovered after 18002 s (1 failed requests since {_began:u})",
                Fails(1, "no answer in time", _time.GetUtcNow())], _log.Lines);
        Assert.True(_failing.IsSaid("up", ExchangeFault.Late));

        // What the line does not say has lines of its own.
        Assert.False(_failing.IsSaid("up", Refused));
        Assert.False(_failing.IsSaid("up", ExchangeFault.Of(new WrongBlobException())));
        Assert.False(_failing.IsSaid("other", ExchangeFault.Late));
        _failing.Failed("up", "http://up:5000", Refused);
        _failing.Failed("up", "http://up:5000", ExchangeFault.Late);
        Assert.Equal(Fails(3, "connection refused", _time.GetUtcNow()), _log.Lines[^1]);
        Assert.Equal(4, _log.Lines.Count);
        Assert.True(_failing.IsSaid("up", Refused));
        _time.Advance(TimeSpan.FromSeconds(6));
        Answers(3);
        Assert.Equal($"Upstream up recovered after 6 s (4 failed requests since {_time.GetUtcNow().AddSeconds(-6):u})", _log.Lines[^1]);
    }

    private void Answers(int count)
    {
        for (var i = 0; i < count; i++)
        {
            _failing.Answered("up");
        }
    }

    [Fact]
    public void What_operators_are_shown_says_no_less_than_the_log()
    {
        var shown = new UpstreamHealth(
            "up", () => "http://up:5000", new UpstreamFailureMeter(_services.GetRequiredService<IMeterFactory>(), _time), new LogLines());
        foreach (var fault in new[] { Refused, ExchangeFault.Late })
        {
            _time.Advance(TimeSpan.FromSeconds(40));
            _failing.Failed("up", "http://up:5000", fault);
            shown.Noted(_told[^1], _time.GetUtcNow());
            Assert.Equal(_log.Lines[^1], Describe().LastError);
            Assert.Equal(_log.Lines.Count == 1 ? _time.GetUtcNow() : _began.AddSeconds(40), Describe().FailingSince);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        _failing.Refused("up", "http://up:5000", "it refuses a request (403)", "repository:a:pull");
        shown.Noted(_told[^1], _time.GetUtcNow());
        Assert.Equal(_log.Lines[^1], $"{Describe().LastError}. The audit log has each");

        UpstreamStatus Describe() => shown.Describe("basic", "bearer", null, _time.GetUtcNow());
    }

    private static string Fails(int failures, string reason, DateTimeOffset since) =>
        $"Upstream up (http://up:5000) has been failing since {since:u} (failures: {failures}): {reason}";

    [Fact]
    public void While_it_fails_it_is_told_twice_a_minute()
    {
        for (var i = 0; i < 600; i++, _time.Advance(TimeSpan.FromMilliseconds(100)))
        {
            _failing.Failed("up", "http://up:5000", Refused);
        }

        Assert.Equal(2, _told.Count);
        _failing.Failed("up", "http://up:5000", Refused);
        Assert.Equal(3, _told.Count);
    }

    [Fact]
    public void An_outage_is_told_while_nobody_asks_and_answers_are_told_at_times()
    {
        _failing.Answered("up");
        _failing.TellNews();
        Assert.Equal(TimeSpan.Zero, Assert.Single(_told).SinceAnswer);
        _failing.TellNews();
        _failing.Answered("up");
        _failing.TellNews();
        Assert.Single(_told);
        _failing.Failed("up", "http://up:5000", Refused);
        for (var i = 0; i < 60; i++, _time.Advance(TimeSpan.FromSeconds(2)))
        {
            _failing.TellNews();
        }

        Assert.Equal(5, _told.Count);
        Assert.All(_told.Skip(1), sight => Assert.Equal(Refused.Reason, sight.Failure));
        Assert.InRange(_told[^1].SinceFailure!.Value, TimeSpan.FromSeconds(89), TimeSpan.FromSeconds(91));
        Assert.Equal(_told[^1].SinceFailure, _told[^1].SinceAnswer);
    }

    [Fact]
    public void A_clock_that_is_set_changes_nothing()
    {
        var clock = new SetClock(_time);
        using var failing = new FailingUpstreams(
            (_, sight) => _told.Add(sight), _services.GetRequiredService<IMeterFactory>(), clock, _log);
        failing.Failed("up", "http://up:5000", Refused);
        clock.Off = TimeSpan.FromDays(2);
        failing.Answered("up");
        failing.TellNews();
        Assert.Single(_told);
        clock.Off = -TimeSpan.FromDays(2);
        _time.Advance(TimeSpan.FromSeconds(30));
        failing.TellNews();
        Assert.Equal(TimeSpan.FromSeconds(30), _told[^1].SinceFailure);
        failing.Answered("up");
        failing.Answered("up");
        Assert.Null(_told[^1].Failure);
        Assert.Equal(3, _told.Count);
    }

    [Fact]
    public void A_failure_while_its_upstream_is_forgotten_is_one_of_the_upstream_that_is_known_then()
    {
        var time = new InterruptedTime(_time);
        using var failing = new FailingUpstreams(
            (_, sight) => _told.Add(sight), _services.GetRequiredService<IMeterFactory>(), time, _log);
        failing.Failed("up", "http://up:5000", Refused);
        _time.Advance(TimeSpan.FromDays(2));
        time.Next = failing.TellNews;
        failing.Failed("up", "http://up:5000", Refused);
        Assert.Null(time.Next);
        failing.Answered("up");
        failing.Answered("up");
        _time.Advance(TimeSpan.FromSeconds(6));
        failing.Answered("up");
        Assert.StartsWith("Upstream up recovered after 6 s (1 failed requests", _log.Lines[^1]);
    }

    /// <summary>Something happens while somebody reads the clock.</summary>
    private sealed class InterruptedTime(TimeProvider time) : TimeProvider
    {
        public Action? Next { get; set; }

        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp()
        {
            (var next, Next) = (Next, null);
            next?.Invoke();
            return time.GetTimestamp();
        }
    }

    [Fact]
    public void Requests_that_are_refused_are_said_once_and_no_outage()
    {
        for (var i = 0; i < 1000; i++, _time.Advance(TimeSpan.FromMilliseconds(400)))
        {
            _failing.Refused("up", "http://up:5000", "it refuses a request (403)", "repository:a:pull");
        }

        Assert.Equal(
            $"Upstream up (http://up:5000) has been refusing requests since {_began:u} (refusals: 1): it refuses a request (403). " +
            "The audit log has each",
            Assert.Single(_log.Lines));
        Assert.All(_told, sight => Assert.Equal(
            (null, UpstreamTrouble.Refuses, "it refuses a request (403)"),
            (sight.Failure, Assert.Single(sight.Troubles!).Kind, sight.Troubles![0].Reason)));
        Assert.InRange(_told[^1].Troubles![0].Failures, 900, 1000);
    }
}
