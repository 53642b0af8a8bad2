using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Chaos;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Chaos;

/// <summary>Members that end because they are told to, one after the other, and members that come and go.</summary>
[Collection(ChaosCollection.Name)]
public sealed class RollingRestartTests(SharedChaos chaos, ITestOutputHelper output)
{
    [Fact]
    public async Task Not_one_request_fails_while_every_process_is_restarted()
    {
        var cluster = await chaos.Whole();
        using var campaign = new Campaign(cluster, output);
        var revoked = await RevokedIdentity.LogIn(cluster, "user-54");
        await using var load = PullLoad.Start(cluster, chaos, clients: 8);
        for (var round = 0; round < Sizes.Of(1, 10); round++)
        {
            foreach (var member in cluster.Members)
            {
                Assert.Equal(0, await member.Terminate());
                if (round == 0 && member == cluster.Members[1])
                {
                    await revoked.Revoke(cluster);
                }

                await member.Revive();
            }
        }

        var tally = await load.Finish();
        output.WriteLine($"{tally}");
        await revoked.ShouldBeRefused(cluster);
        Assert.Empty(tally.Failures);
        Assert.Empty(tally.Bad);
        campaign.Passed();
    }

    [Fact]
    public async Task A_silo_and_a_gateway_join_work_and_leave_and_not_one_request_fails()
    {
        var cluster = await chaos.Whole();
        using var campaign = new Campaign(cluster, output);
        await using var load = PullLoad.StartSmall(cluster, chaos, clients: 20, TimeSpan.FromSeconds(0.2));
        ChaosMember[] extra = [cluster.ExtraSilo, cluster.ExtraGateway];
        foreach (var member in extra)
        {
            await member.Revive();
        }

        Assert.Equal(4, await cluster.ActiveSilos());
        await Eventually.True(async () => await cluster.ExtraGateway.Metric("registryproxy_gateway_grain_calls") > 20,
            "the new gateway works");
        foreach (var member in extra)
        {
            Assert.Equal(0, await member.Terminate());
        }

        var tally = await load.Finish();
        output.WriteLine($"{tally}");
        Assert.Equal(3, await cluster.ActiveSilos());
        Assert.Empty(tally.Failures);
        Assert.Empty(tally.Bad);
        campaign.Passed();
    }
}
