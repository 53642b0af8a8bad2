using System.Diagnostics;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Chaos;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Chaos;

/// <summary>A silo stops in the middle of everything, with its connections open: a machine that swaps, a hypervisor that moves it.</summary>
[Collection(ChaosCollection.Name)]
public sealed class FreezeTests(SharedChaos chaos, ITestOutputHelper output)
{
    private static readonly TimeSpan Frozen = TimeSpan.FromSeconds(Sizes.Of(20, 60));

    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(3);

    /// <summary>Which of them; any of them in the full run.</summary>
    public static TheoryData<int> Numbers => Sizes.Full ? [0, 1, 2] : [0];

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task No_pull_fails_while_a_silo_is_stopped_and_nobody_waits(int number)
    {
        var cluster = await chaos.Whole();
        using var campaign = new Campaign(cluster, output);
        var silo = cluster.Silos[number];
        var revoked = await RevokedIdentity.LogIn(cluster, "user-58");
        await using var load = PullLoad.Start(cluster.Balancer.Url, chaos.Image, ChaosCluster.Users, TimeSpan.FromSeconds(1));
        await Eventually.True(() => load.Tally.Pulls >= ChaosCluster.Users, "everybody has pulled once", TimeSpan.FromSeconds(90));
        var (at, watch) = (DateTimeOffset.UtcNow, Stopwatch.StartNew());
        await silo.Freeze();
        await Eventually.True(async () => await cluster.ActiveSilos() == cluster.Silos.Count - 1, "the others have declared it dead", TimeSpan.FromSeconds(60));
        var evicted = watch.Elapsed;
        await revoked.Revoke(cluster);
        await Eventually.True(() => watch.Elapsed > Frozen, "it was stopped for long enough", Frozen + TimeSpan.FromSeconds(10));
        await silo.Thaw();
        await Eventually.True(() => !silo.IsRunning, "a silo that was declared dead ends itself", TimeSpan.FromSeconds(60));
        await silo.Revive();
        var tally = await load.Finish();
        var slow = tally.Requests.Where(request => request.Took > Slow).ToList();
        output.WriteLine($"declared dead after {evicted.TotalSeconds:F1} s; {tally}");
        output.WriteLine(string.Join('\n', slow.GroupBy(request => (request.Kind, Second: (int)(request.At - at).TotalSeconds))
            .OrderBy(group => group.Key.Second)
            .Select(group => $"  {group.Count()} {group.Key.Kind} requests of second {group.Key.Second} took up to {group.Max(request => request.Took.TotalSeconds):F1} s")));
        await revoked.ShouldBeRefused(cluster);
        Assert.Empty(tally.Failures);
        Assert.Empty(slow);
        campaign.Passed();
    }
}
