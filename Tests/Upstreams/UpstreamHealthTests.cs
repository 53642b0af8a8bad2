using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>
/// An upstream that begins to fail is said once, and once that it is well again; what gateways see counts while they say it.
/// </summary>
public sealed class UpstreamHealthTests : IDisposable
{
    private static readonly UpstreamFailure Dead = new(UpstreamFailureKind.Unreachable, "upstream 'up' does not answer",
        0) { Detail = "upstream 'up' does not answer: connection refused" };

    private readonly LogLines _log = new();
    private readonly FakeTimeProvider _time = new();
    private readonly MeterReadings _gauge;
    private readonly UpstreamHealth _health;
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public UpstreamHealthTests()
    {
        var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        _gauge = new MeterReadings(services.GetRequiredService<IMeterFactory>(), "registryproxy.grains.upstream_failing");
        _health = new UpstreamHealth(
            "up", () => "https://up.example", new UpstreamFailureMeter(services.GetRequiredService<IMeterFactory>(), _time),
            _log);
    }

    public void Dispose() => _gauge.Dispose();

    [Fact]
    public void What_is_not_configured_any_more_is_shown_not_to_fail()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        using var gauge = new MeterReadings(meters, "registryproxy.grains.upstream_failing");
        var known = ConfigurationDefaults.NoFile();
        var feed = new FixedConfiguration(known);
        var meter = new UpstreamFailureMeter(meters, _time, feed);
        meter.Fails(known.Configuration.Upstreams.Keys.First(), Dead);
        Assert.Equal(1, Assert.Single(gauge.Shown()).Value);
        feed.Replace(known with { Configuration = new FrontDoorConfiguration(), Version = "next" });
        Assert.Equal(0, Assert.Single(gauge.Shown()).Value);
    }

    [Fact]
    public void It_is_said_once_and_once_that_it_is_over()
    {
        Assert.Equal(("never asked", null), State());
        _health.Fail(_now, Dead);
        var since = _now;
        for (var i = 0; i < 20; i++)
        {
            _now += TimeSpan.FromSeconds(1);
            _health.Fail(_now, Dead);
        }

        Assert.Equal(("failing", since), State());
        Assert.Equal(
            $"Upstream up (https://up.example) has been failing since {since:u} (failures: 1): upstream 'up' does not answer: " +
            "connection refused",
            Assert.Single(_log.Lines));
        Assert.Equal(_log.Lines[0].Replace("failures: 1", "failures: 21"), Describe().LastError);
        _now += TimeSpan.FromSeconds(10);
        _health.Fail(_now, new UpstreamFailure(UpstreamFailureKind.Refused, "upstream 'up' refuses the credentials", 0));
        Assert.Equal(("refused", since), State());
        _health.Succeed(_now, null);
        Assert.Equal(("healthy", null), State());
        Assert.Equal(3, _log.Lines.Count);
        Assert.Equal("Upstream up recovered after 30 s (22 failures since 2026-01-01 00:00:00Z)", _log.Lines[^1]);
        _health.Succeed(_now, null);
        Assert.Equal(3, _log.Lines.Count);
    }

    [Theory]
    [InlineData(UpstreamFailureKind.Unreachable, "upstream 'up' does not answer: connection refused")]
    [InlineData(UpstreamFailureKind.Unreachable, "upstream 'up': untrusted certificate of up.example")]
    [InlineData(UpstreamFailureKind.Refused, "upstream 'up' refuses the credentials")]
    [InlineData(UpstreamFailureKind.Misconfigured, "upstream 'up' has no usable secret: /run/secrets/up is missing")]
    [InlineData(UpstreamFailureKind.Throttled, "the token service of upstream 'up' limits the rate")]
    public void Of_each_kind_the_log_says_since_when_and_how_many_and_the_page_says_no_less(UpstreamFailureKind kind, string detail)
    {
        _health.Succeed(_now, null);
        _now += TimeSpan.FromMinutes(1);
        var since = _now;
        _health.Fail(_now, new UpstreamFailure(kind, "upstream 'up' cannot be opened", 0) { Detail = detail });
        Assert.Equal(
            $"Upstream up (https://up.example) has been failing since {since:u} (failures: 1): {detail}", Assert.Single(_log.Lines));
        Assert.Equal((_log.Lines[0], since, since), (Describe().LastError, Describe().LastErrorAt, Describe().FailingSince));
        _now += TimeSpan.FromMinutes(1);
        _health.Succeed(_now, null);
        Assert.Equal($"Upstream up recovered after 60 s (1 failures since {since:u})", _log.Lines[^1]);
        Assert.Equal(("healthy", null), State());
    }

    [Fact]
    public void How_long_it_cannot_be_opened_is_shown_through_every_back_off_and_under_its_last_condition_alone()
    {
        _health.Fail(_now, new UpstreamFailure(UpstreamFailureKind.Unreachable, "dead", 0));
        _time.Advance(TimeSpan.FromSeconds(300));
        _health.Fail(_now, new UpstreamFailure(UpstreamFailureKind.Refused, "upstream 'up' refuses the credentials", 300));
        _time.Advance(TimeSpan.FromSeconds(300));
        Assert.Equal([("refused", 600), ("unreachable", 0)], Lasting());
        _health.Fail(_now, new UpstreamFailure(UpstreamFailureKind.Misconfigured, "untrusted", 0) { Cause = "tls" });
        Assert.Equal([("refused", 0), ("unreachable", 600)], Lasting());
        _health.Succeed(_now, null);
        Assert.Equal([("refused", 0), ("unreachable", 0)], Lasting());
        _health.Fail(_now, new UpstreamFailure(UpstreamFailureKind.Throttled, "limits", 300));
        Assert.Equal([("limited", 1), ("refused", 0), ("unreachable", 0)], Lasting());
        _health.Leave();
        Assert.All(Lasting(), condition => Assert.Equal(0, condition.Item2));
    }

    private IEnumerable<(string, int)> Lasting() =>
        _gauge.Shown().Select(one => ((string)one.Labels["condition"]!, (int)one.Value)).Order();

    [Fact]
    public void What_others_answered_since_has_mended_what_a_gateway_saw_that_nobody_asks_any_more()
    {
        _health.Noted(Sight("one", "connection refused"), _now);
        _now += TimeSpan.FromSeconds(70);
        _health.Noted(Sight("one", "connection refused") with { SinceFailure = TimeSpan.FromSeconds(70) }, _now);
        Assert.Equal("failing", State().State);
        _health.Noted(Sight("two", null) with { SinceAnswer = TimeSpan.Zero }, _now);
        Assert.Equal(("healthy", null), State());
        _health.Noted(Sight("one", "connection refused") with { SinceFailure = TimeSpan.Zero }, _now);
        Assert.Equal("failing", State().State);
    }

    [Fact]
    public void One_that_flaps_is_said_twice_a_minute_and_an_outage_that_begins_meanwhile_is_not_missed()
    {
        for (var i = 0; i < 29; i++, _now += TimeSpan.FromSeconds(1))
        {
            _health.Fail(_now, Dead);
            _health.Succeed(_now, null);
        }

        Assert.Equal(2, _log.Lines.Count);
        _health.Fail(_now, Dead);
        Assert.Equal(2, _log.Lines.Count);
        _now += TimeSpan.FromSeconds(2);
        _health.Fail(_now, Dead);
        Assert.Equal(3, _log.Lines.Count);
    }

    [Fact]
    public void What_fails_for_one_repository_is_shown_and_no_alarm()
    {
        _health.Succeed(_now, null);
        _health.FailForOne(_now, Dead);
        Assert.Equal(("healthy", null), State());
        Assert.Equal(Dead.Detail, _health.Describe("basic", "bearer", null, _now).LastError);
        Assert.Empty(_log.Lines);
        _health.Noted(Sight("one", Dead.Detail), _now);
        var said = Describe().LastError;
        Assert.Contains("has been failing since", said);
        _health.FailForOne(_now, Dead);
        Assert.Equal(said, Describe().LastError);
    }

    [Fact]
    public void What_gateways_see_counts_until_they_take_it_back_or_are_gone()
    {
        _health.Succeed(_now, null);
        _health.Noted(Sight("one", "connection refused"), _now);
        var since = _now;
        _now += TimeSpan.FromSeconds(30);
        _health.Noted(Sight("two", "connection refused"), _now);
        _health.Noted(Sight("one", "connection refused"), _now);
        Assert.Equal(("failing", since), State());
        Assert.Equal(
            $"Upstream up (https://up.example) has been failing since {_now:u} (failures: 1): connection refused", Describe().LastError);
        _health.Noted(Sight("one", null), _now);
        Assert.Equal(("failing", _now), State());
        _now += TimeSpan.FromSeconds(91);
        Assert.Equal(("healthy", null), State());
    }

    [Fact]
    public void A_crowd_of_gateways_is_bounded()
    {
        for (var i = 0; i <= UpstreamSights.MaxGateways; i++)
        {
            _health.Noted(Sight($"gateway-{i}", "no answer in time"), _now);
        }

        _health.Noted(Sight($"gateway-{UpstreamSights.MaxGateways}", null), _now);
        Assert.Equal("failing", State().State);
    }

    [Fact]
    public void What_a_gateway_has_said_is_not_said_again_for_a_silo_that_meets_the_same()
    {
        _health.Noted(Sight("one", "connection refused"), _now);
        _health.Fail(_now, Dead);
        Assert.Empty(_log.Lines);
        _health.Fail(_now, new UpstreamFailure(UpstreamFailureKind.Refused, "upstream 'up' refuses the credentials", 0));
        Assert.Single(_log.Lines);
    }

    [Fact]
    public void The_last_success_is_a_token_or_an_answer_whichever_was_later_and_a_refused_request_is_the_last_error()
    {
        _health.Noted(Sight("one", null) with { SinceAnswer = TimeSpan.FromSeconds(10) }, _now);
        Assert.Equal(("healthy", null), State());
        Assert.Equal(_now.AddSeconds(-10), Describe().LastSuccess);
        _health.Noted(Sight("two", null) with { SinceAnswer = TimeSpan.FromSeconds(20) }, _now);
        Assert.Equal(_now.AddSeconds(-10), Describe().LastSuccess);
        _health.Succeed(_now, null);
        Assert.Equal(_now, Describe().LastSuccess);
        _health.Noted(Sight("one", null) with { Refusal = "it refuses a request" }, _now);
        Assert.Equal(("healthy", null), State());
        Assert.Equal(
            ($"Upstream up (https://up.example) has been refusing requests since {_now:u} (refusals: 1): it refuses a request", _now),
            (Describe().LastError, Describe().LastErrorAt));
    }

    private static UpstreamSight Sight(string gateway, string? failure) => new() { Gateway = gateway, Failure = failure };

    private UpstreamStatus Describe() => _health.Describe("basic", "bearer", null, _now);

    private (string State, DateTimeOffset? Since) State()
    {
        var status = _health.Describe("basic", "bearer", null, _now);
        return (status.State!, status.FailingSince);
    }
}
