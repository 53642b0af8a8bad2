using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.Architecture;

/// <summary>What <c>./test.sh --unit</c> runs.</summary>
public sealed class UnitClassTests
{
    /// <summary>The state machines that carry the product are tested without a process, a socket or a cluster.</summary>
    [Theory]
    [InlineData("Gateway.DecisionCacheTests")]
    [InlineData("Gateway.UpstreamBreakerTests")]
    [InlineData("Gateway.StallWatchTests")]
    [InlineData("Gateway.Limits.TenantLimitsTests")]
    [InlineData("Gateway.Limits.BytePaceTests")]
    [InlineData("Gateway.Limits.RateGateTests")]
    [InlineData("Gateway.Limits.SharedLimitTests")]
    [InlineData("Gateway.Limits.SharedPermitsTests")]
    [InlineData("Gateway.Limits.SharedStreamsTests")]
    [InlineData("Gateway.Limits.UnsharedLimitsTests")]
    [InlineData("Gateway.RequestBudgetTests")]
    [InlineData("Gateway.SnapshotRoundsTests")]
    [InlineData("Grains.PermitBookTests")]
    [InlineData("Grains.RequestLedgerTests")]
    [InlineData("Grains.RulesAheadTests")]
    [InlineData("Background.SharedWorkTests")]
    [InlineData("Gateway.InvalidationClockTests")]
    [InlineData("Gateway.RepositoryLinkIndexTests")]
    [InlineData("Gateway.ShardClockTests")]
    [InlineData("Gateway.Cache.BlobCacheTests")]
    [InlineData("Gateway.Cache.BlobDownloadTests")]
    [InlineData("Gateway.Cache.ElectionsTests")]
    [InlineData("Gateway.Cache.ManifestCacheTests")]
    [InlineData("Grains.SigningKeysTests")]
    [InlineData("Grains.FirstUseGateTests")]
    [InlineData("Grains.PrincipalLeaseTests")]
    [InlineData("Grains.FailureBackoffTests")]
    [InlineData("Clustering.SuspendDetectorTests")]
    [InlineData("NodeAgent.RegistrySessionTests")]
    [InlineData("Grains.LoginThrottleTests")]
    public void State_machines_are_unit_tested(string type) => Assert.Contains($"RegistryProxy.Tests.{type}", UnitClasses.All);

    [Theory]
    [InlineData("EndToEnd.PullTests")]
    [InlineData("Upstreams.EcrTests")]
    [InlineData("Clustering.ClusterTests")]
    [InlineData("Listening.SilentMemberTests")]
    [InlineData("NodeAgent.DockerCritestTests")]
    [InlineData("Identity.Directories.LdapTests")]
    public void What_starts_something_is_no_unit_test(string type)
    {
        Assert.NotNull(typeof(UnitClasses).Assembly.GetType($"RegistryProxy.Tests.{type}"));
        Assert.DoesNotContain($"RegistryProxy.Tests.{type}", UnitClasses.All);
    }
}
