using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Upstreams;

/// <summary>What upstreams have left, as Prometheus takes it: one series of each.</summary>
public sealed class RemainingTests
{
    [Fact]
    public void Of_several_accounts_at_one_upstream_the_one_with_the_least_is_told()
    {
        static RateLimitSighting Left(int? limit, int remaining) => new(limit, remaining, TimeSpan.FromHours(6));
        var told = UpstreamAccounts.Least(
            [("hub", Left(200, 70)), ("hub", Left(100, 3)), ("hub", null), ("quay", Left(null, 0)), ("ecr", Left(10, 9))]);
        Assert.Equal([("hub", 3), ("ecr", 9)], told.Select(one => ((string)one.Tags[0].Value!, one.Value)));
    }
}
