using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Chaos;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Chaos;

/// <summary>Five silos and ten gateways on one machine come up, take an edit and lose a silo.</summary>
[Collection(ChaosCollection.Name)]
public sealed class LargeClusterTests(SharedChaos chaos, ITestOutputHelper output)
{
    private const string Rule = "- { name: open, who: [anonymous], repositories: [\"chaos/small\"], actions: [pull] }";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task It_comes_up_takes_an_edit_loses_a_silo_and_not_one_pull_fails()
    {
        if (!Sizes.Full)
        {
            return;
        }

        var watch = Stopwatch.StartNew();
        await using var cluster = await ChaosCluster.Start(caches: true, silos: 5, gateways: 10);
        using var campaign = new Campaign(cluster, output);
        Assert.Equal(5, await cluster.ActiveSilos());
        output.WriteLine($"up after {watch.Elapsed.TotalSeconds:F1} s");
        await cluster.Push(PullLoad.SmallRepository, PullLoad.Tag, chaos.SmallImage);
        Assert.All(await Task.WhenAll(cluster.Gateways.Select(IsOpen)), isOpen => Assert.False(isOpen));
        await using var load = PullLoad.StartSmall(cluster, chaos, clients: 20, TimeSpan.FromSeconds(0.1));

        watch.Restart();
        foreach (var silo in cluster.Silos)
        {
            silo.Edit(yaml => yaml.Replace("revision: 1", "revision: 2").Replace("- { name: pullers", $"{Rule}\n      - {{ name: pullers"));
        }

        foreach (var gateway in cluster.Gateways)
        {
            await Eventually.True(() => IsOpen(gateway), $"{gateway.Name} has the edit", Limit);
        }

        output.WriteLine($"the edit is in force at every gateway after {watch.Elapsed.TotalSeconds:F1} s; {load.Tally.Pulls} pulls");

        watch.Restart();
        var before = load.Tally.Pulls;
        cluster.Silos[2].Kill();
        await Eventually.True(async () => await cluster.ActiveSilos() == 4, "the others declare it dead", Limit);
        output.WriteLine($"the dead silo is out after {watch.Elapsed.TotalSeconds:F1} s, {load.Tally.Pulls - before} pulls meanwhile");
        before = load.Tally.Pulls;
        await Eventually.True(() => load.Tally.Pulls >= before + 100, "it goes on", Limit);
        var tally = await load.Finish();
        output.WriteLine($"{tally}");
        Assert.Empty(tally.Failures);
        campaign.Passed();
    }

    /// <summary>Whether a gateway lets anybody pull.</summary>
    private static async Task<bool> IsOpen(ChaosMember gateway)
    {
        using var client = new RegistryClient(gateway.DataUrl, null, null);
        using var response = await client.GetManifest(PullLoad.SmallRepository, PullLoad.Tag);
        return response.StatusCode == HttpStatusCode.OK;
    }
}
