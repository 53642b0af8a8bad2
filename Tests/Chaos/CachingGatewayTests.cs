using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Chaos;

namespace RegistryProxy.Tests.Chaos;

/// <summary>Silos and gateways that cache are killed one after the other while everybody pulls and a tag moves.</summary>
[Collection(ChaosCollection.Name)]
public sealed class CachingGatewayTests(SharedChaos chaos, ITestOutputHelper output)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(Sizes.Of(6, 10));

    [Fact]
    public async Task No_pull_fails_and_no_gateway_has_what_a_tag_was_before_a_push_that_was_confirmed()
    {
        await using var cluster = await ChaosCluster.Start(caches: true);
        using var campaign = new Campaign(cluster, output);
        await cluster.Push(PullLoad.SmallRepository, PullLoad.Tag, chaos.SmallImage);
        await using var load = PullLoad.StartSmall(cluster, chaos, clients: 8, TimeSpan.FromSeconds(0.05));
        await using var tags = await TagLoad.Start(cluster, isPersistent: true);
        var mayhem = new Mayhem(cluster, seed: 11);
        await mayhem.Run(Sizes.Of(3, 30), Every);
        await cluster.Revive();
        await tags.Finish();
        var tally = await load.Finish();
        output.WriteLine($"killed: {mayhem.Killed}");
        output.WriteLine($"{tags.Moves} moves of a tag, {tags.Repeated} pushes made again, {tags.Answers} answers");
        output.WriteLine($"{tally}");
        Assert.Empty(tags.Faults);
        Assert.Empty(tally.Failures);
        Assert.InRange(tags.Moves, 1, int.MaxValue);
        Assert.InRange(tags.Answers, tags.Moves, int.MaxValue);
        campaign.Passed();
    }
}
