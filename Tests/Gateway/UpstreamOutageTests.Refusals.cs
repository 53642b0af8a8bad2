using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Gateway;

/// <summary>Requests that an upstream refuses, and requests without a token of their own.</summary>
public sealed partial class UpstreamOutageTests
{
    private const string Scope = "repository:a:pull";
    private const string Other = "repository:b:pull";

    [Fact]
    public void Refused_requests_are_over_when_what_was_refused_is_granted_and_none_was_for_a_while()
    {
        _failing.Refused("up", Up, "it refuses a request (403)", Scope);
        for (var minute = 0; minute < 20; minute++)
        {
            _failing.Answered("up", scope: Other);
            Pass(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(
            $"Upstream up ({Up}) has been refusing requests since 2026-01-01 00:00:00Z (refusals: 1): it refuses a request (403). The audit " +
            "log has each", Assert.Single(_log.Lines));
        Assert.Empty(Lasting());
        Assert.Equal(("healthy", null), (Shown().State, Shown().FailingSince));
        Assert.Equal(UpstreamTrouble.Refuses, Assert.Single(Shown().Troubles!).Kind);
        _failing.Answered("up", isGood: false, scope: Scope);
        Assert.Single(_log.Lines);
        _failing.Answered("up", scope: Scope);
        Assert.Equal("Upstream up no longer refuses requests after 1200 s (1 refused requests since 2026-01-01 00:00:00Z)", _log.Lines[^1]);
        Assert.Empty(Shown().Troubles!);
        _failing.Refused("up", Up, "it refuses a request (403)", Other);
        Assert.Contains("since 2026-01-01 00:20:00Z (refusals: 1)", _log.Lines[^1]);
    }

    [Fact]
    public void What_may_be_read_and_not_written_is_said_once()
    {
        for (var i = 0; i < 100; i++)
        {
            _failing.Refused("up", Up, "it refuses a request (403)", Scope);
            Pass(TimeSpan.FromSeconds(10));
            for (var answer = 0; answer < 3; answer++)
            {
                _failing.Answered("up", scope: Scope);
            }
        }

        Assert.Single(_log.Lines);
        Assert.Equal(100, _counter.Counted.Count(one => (string)one.Labels["reason"]! == "refused"));
    }

    [Fact]
    public void Of_what_is_not_asked_for_again_it_is_said_after_an_hour()
    {
        _failing.Refused("up", Up, "it refuses a request (403)", Scope);
        Pass(TimeSpan.FromMinutes(61));
        Assert.Equal(
            "Upstream up has refused no request for an hour; whether what it refused since 2026-01-01 00:00:00Z (refusals: 1) is granted now " +
            "is not known", _log.Lines[^1]);
        Assert.Empty(Shown().Troubles!);
    }

    [Fact]
    public void What_was_refused_all_that_was_asked_is_in_that_state()
    {
        _failing.Refused("up", Up, "it refuses a request (403)", Scope);
        Assert.Equal(("refused", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)), (Shown().State, Shown().FailingSince));
        _failing.Answered("up", scope: Other);
        Pass(TimeSpan.FromSeconds(40));
        Assert.Equal(("healthy", null), (Shown().State, Shown().FailingSince));
    }

    [Fact]
    public void A_request_without_a_token_of_its_own_fares_as_one_that_the_upstream_fails_and_one_that_the_silos_told_of_says_nothing()
    {
        var up = new Upstream(new UpstreamSnapshot { Name = "up", Url = new Uri(Up) }, []);
        var fails = new UpstreamFailure(UpstreamFailureKind.Unreachable, "the token endpoint of upstream 'up' answered 500", 1);
        TokenFailures.Tell(_failing, up, Scope, fails);
        Assert.Empty(_log.Lines);
        TokenFailures.Tell(_failing, up, Scope, fails with { IsOfScope = true });
        Assert.Equal(
            $"Upstream up ({Up}) has been failing since 2026-01-01 00:00:00Z (failures: 1): the token endpoint of upstream 'up' answered 500",
            Assert.Single(_log.Lines));
        Assert.Equal("failing", Shown().State);
        _failing.Answered("up", scope: Other);
        TokenFailures.Tell(_failing, up, Scope, fails with { IsOfScope = true });
        Assert.Equal("failing in part", Shown().State);
        for (var i = 0; i < 3; i++, _time.Advance(TimeSpan.FromSeconds(5)))
        {
            _failing.Answered("up", scope: Scope);
        }

        _failing.Answered("up", scope: Scope);
        Assert.Equal("healthy", Shown().State);
        Assert.StartsWith("Part of upstream up recovered", _log.Lines[^1], StringComparison.Ordinal);
        TokenFailures.Tell(_failing, up, Scope, new UpstreamFailure(UpstreamFailureKind.Throttled, "it limits", 300) { IsOfScope = true });
        Assert.Equal("limited", Shown().State);
        Assert.EndsWith("it limits", _log.Lines[^1], StringComparison.Ordinal);
        Assert.Equal(["status", "status", "throttled"], _counter.Counted.Select(one => one.Labels["reason"]));
    }
}
