using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Chaos;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Chaos;

/// <summary>A cluster of the previous release becomes one of this build, and one of the previous release again.</summary>
[Collection(ChaosCollection.Name)]
public sealed class ReleaseUpgradeTests(SharedChaos chaos, ITestOutputHelper output)
{
    [Fact]
    public async Task Silos_before_gateways_and_back_the_other_way_round_and_not_one_request_fails()
    {
        Assert.Matches("^[0-9a-f]{40}$", PreviousRelease.Commit);
        if (!Sizes.Full)
        {
            return;
        }

        await PreviousRelease.Build();
        await using var cluster = await ChaosCluster.Start(caches: true, program: PreviousRelease.DllOf);
        using var campaign = new Campaign(cluster, output);
        await cluster.Push(PullLoad.SmallRepository, PullLoad.Tag, chaos.SmallImage);
        await using var load = PullLoad.StartSmall(cluster, chaos, clients: 8, TimeSpan.FromSeconds(0.05));
        await using var tags = await TagLoad.Start(cluster);
        await Replace([.. cluster.Silos, .. cluster.Gateways], FrontDoor.DllOf);
        output.WriteLine($"upgraded after {tags.Moves} moves of a tag; {load.Tally}");
        await Replace([.. cluster.Gateways, .. cluster.Silos], PreviousRelease.DllOf);

        await tags.Finish();
        var tally = await load.Finish();
        output.WriteLine($"{tally}; {tags.Moves} moves of a tag, {tags.Answers} answers");
        Assert.Empty(tags.Faults);
        Assert.Empty(tally.Failures);
        Assert.Empty(tally.Bad);
        Assert.InRange(tags.Answers, tags.Moves, int.MaxValue);
        campaign.Passed();
    }

    private static async Task Replace(IEnumerable<ChaosMember> members, Func<string, string> program)
    {
        foreach (var member in members)
        {
            Assert.Equal(0, await member.Terminate());
            member.Program = program;
            await member.Revive();
        }
    }
}
