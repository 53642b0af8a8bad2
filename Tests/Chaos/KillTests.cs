using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Chaos;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Chaos;

/// <summary>Silos and gateways are killed one after the other while everybody pulls.</summary>
[Collection(ChaosCollection.Name)]
public sealed class KillTests(SharedChaos chaos, Lab lab, ITestOutputHelper output)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(Sizes.Of(6, 10));

    [Fact]
    public async Task No_pull_fails_no_byte_is_wrong_and_what_was_revoked_stays_revoked()
    {
        var cluster = await chaos.Whole();
        using var campaign = new Campaign(cluster, output);
        var revoked = await RevokedIdentity.LogIn(cluster, "user-59");
        await using var real = await RealClients.Start(lab, cluster, Sizes.Of(1_000_000, 10_000_000));
        await using var load = PullLoad.Start(cluster, chaos, Sizes.Of(20, 190));
        var mayhem = new Mayhem(cluster, seed: 6);
        var kills = Task.Run(() => mayhem.Run(Sizes.Of(4, 30), Every));
        await revoked.Revoke(cluster);
        await kills;
        output.WriteLine($"killed: {mayhem.Killed}; ended by themselves: {string.Join(' ', mayhem.Ended)}");
        await cluster.Revive();
        var tally = await load.Finish();
        var (pulls, failures) = await real.Finish();
        output.WriteLine($"{tally}\n  {pulls}; {failures.Count} failed\n{string.Join('\n', tally.Failures.Concat(failures))}");
        await revoked.ShouldBeRefused(cluster);
        await cluster.RestartEverything();
        await revoked.ShouldBeRefused(cluster);
        Assert.Empty(tally.Failures);
        Assert.Empty(failures);
        Assert.True(tally.Pulls > 0);
        campaign.Passed();
    }
}
