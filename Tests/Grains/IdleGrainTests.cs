using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Upstreams;

namespace RegistryProxy.Tests.Grains;

/// <summary>Small grains end when nobody asked them for the time that is stated, by Orleans' own looks in virtual time.</summary>
public sealed class IdleGrainTests
{
    private const int Count = 200;

    [Fact]
    public async Task Upstream_tokens_end_after_their_idle_time_and_not_before()
    {
        await using var registry = await TokenRegistry.Start();
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var cluster = await GrainCluster.Start(PrincipalYaml.Of(registry.Url, "type: anonymous"), time: time);
        await Task.WhenAll(Enumerable.Range(0, Count).Select(i =>
            cluster.Client.GetGrain<IUpstreamTokenGrain>($"up0|repository:a/{i}:pull").GetToken().AsTask()));
        Assert.Equal(Count, await Activations(cluster));
        time.Advance(TimeSpan.FromMinutes(GrainAges.MaxIdle) - TimeSpan.FromSeconds(5));
        Assert.Equal(Count, await Activations(cluster));
        var passed = 0;
        await Eventually.True(
            async () =>
            {
                time.Advance(TimeSpan.FromSeconds(passed++ < 3 ? 60 : 1));
                return await Activations(cluster) == 0;
            },
            "idle activations end");
    }

    private static async Task<int> Activations(GrainCluster cluster) =>
        (await cluster.Service<IGrainFactory>().GetGrain<IManagementGrain>(0).GetSimpleGrainStatistics())
            .Where(grain => grain.GrainType.Contains("UpstreamToken", StringComparison.OrdinalIgnoreCase))
            .Sum(grain => grain.ActivationCount);
}
