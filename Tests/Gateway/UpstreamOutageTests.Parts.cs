using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Tests.Gateway;

/// <summary>What fails for some repositories alone, and what is wrong with bodies.</summary>
public sealed partial class UpstreamOutageTests
{
    [Fact]
    public void A_repository_that_fails_while_others_are_served_is_told_as_that_however_long_it_is_asked()
    {
        for (var minute = 0; minute < 30; minute++)
        {
            _failing.Answered("up", scope: "repository:team/good:pull");
            _failing.Failed("up", Up, Error, "repository:team/bad:pull");
            Pass(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(
            $"Part of upstream up ({Up}) has been failing since 2026-01-01 00:00:00Z (failures: 1): repository 'team/bad': it answers 500",
            Assert.Single(_log.Lines));
        Assert.Equal([("part", 1800)], Lasting());
        Assert.True(_failing.IsSaid("up", Error));
        var status = Shown();
        Assert.Equal(("failing in part", new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)), (status.State, status.FailingSince));
        Assert.Equal(_log.Lines[0].Replace("failures: 1", "failures: 30"), Assert.Single(status.Troubles!).What);
        for (var i = 0; i < 3; i++)
        {
            _failing.Answered("up", scope: "repository:team/good:pull");
        }

        Assert.Equal([("part", 1800)], Lasting());
        for (var i = 0; i < 3; i++)
        {
            _failing.Answered("up", scope: "repository:team/bad:pull");
        }

        Assert.Equal("Part of upstream up recovered after 1800 s (30 failed requests since 2026-01-01 00:00:00Z)", _log.Lines[^1]);
        Assert.Equal("healthy", Shown().State);
    }

    [Fact]
    public void What_was_taken_for_the_upstream_is_told_as_its_repository_when_another_is_answered()
    {
        _failing.Failed("up", Up, Error, "repository:team/bad:pull");
        Assert.Equal("failing", Shown().State);
        _failing.Answered("up", scope: "repository:team/good:pull");
        _time.Advance(TimeSpan.FromSeconds(10));
        _failing.Failed("up", Up, Error, "repository:team/bad:pull");
        Assert.Equal("failing in part", Shown().State);
        Assert.Equal([("failing", 0), ("part", 1)], Lasting());
        Assert.Equal("Upstream up recovered after 10 s (1 failed requests since 2026-01-01 00:00:00Z)", _log.Lines[^1]);
    }

    [Fact]
    public void When_what_was_answered_fails_too_or_the_host_or_many_it_is_the_upstream()
    {
        _failing.Answered("up", scope: "repository:a:pull");
        _failing.Failed("up", Up, Error, "repository:b:pull");
        _failing.Failed("up", Up, Error, "repository:a:pull");
        Assert.Equal("failing", Shown().State);

        _failing.Answered("dead", scope: "repository:a:pull");
        _failing.Failed("dead", Up, new ExchangeFault("connect", "connection refused"));
        _failing.Failed("dead", Up, Error, "repository:b:pull");
        Assert.DoesNotContain(_log.Lines, line => line.StartsWith("Part of upstream dead", StringComparison.Ordinal));

        _failing.Answered("wide", scope: "repository:good:pull");
        for (var i = 0; i < FailingParts.Many; i++)
        {
            Assert.DoesNotContain(_log.Lines, line => line.StartsWith("Upstream wide", StringComparison.Ordinal));
            _failing.Failed("wide", Up, Error, $"repository:r{i}:pull");
        }

        Assert.StartsWith("Upstream wide ", _log.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Answers_that_begin_well_do_not_end_what_is_wrong_with_bodies()
    {
        var page = new ExchangeFault("content", "it sent something that is no manifest");
        for (var i = 0; i < 5; i++)
        {
            _failing.Answered("up");
            _failing.Failed("up", Up, page, isOfBody: true);
            _time.Advance(TimeSpan.FromMinutes(10));
        }

        for (var i = 0; i < 5; i++)
        {
            _failing.Answered("up");
            _failing.Completed("up", isStorage: true);
        }

        Assert.Equal($"Upstream up ({Up}) has been failing since 2026-01-01 00:00:00Z (failures: 1): it sent something that is no manifest",
            Assert.Single(_log.Lines));
        Assert.Equal([("failing", 3000)], Lasting());
        _failing.Completed("up", isStorage: false);
        Assert.Equal("Upstream up recovered after 3000 s (5 failed requests since 2026-01-01 00:00:00Z)", _log.Lines[^1]);
    }

    [Theory]
    [InlineData("repository:team/app:pull", "repository 'team/app'")]
    [InlineData("repository:team/push:pull,push repository:other:pull", "pushes to repository 'team/push'")]
    [InlineData("repository:push:pull", "repository 'push'")]
    [InlineData("registry:catalog:*", "the catalog")]
    public void A_part_is_named(string scope, string name) => Assert.Equal(name, FailingParts.NameOf(scope));
}
