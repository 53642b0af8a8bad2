using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Chaos;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Chaos;

/// <summary>The Redis that keeps membership and state goes away and comes back.</summary>
[Collection(ChaosCollection.Name)]
public sealed class StorageOutageTests(SharedChaos chaos, ITestOutputHelper output)
{
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(Sizes.Of(15, 60));

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Who_is_known_pulls_and_logs_in_changes_are_refused_and_soon_after_all_is_well()
    {
        var cluster = await chaos.Whole();
        using var campaign = new Campaign(cluster, output);
        var revoked = await RevokedIdentity.LogIn(cluster, "user-57");
        await using var load = PullLoad.StartSmall(cluster, chaos, clients: 20, TimeSpan.FromSeconds(0.5));
        await Eventually.True(() => load.Tally.Pulls >= 40, "everybody has pulled", TimeSpan.FromSeconds(60));
        cluster.Redis.Kill();
        var watch = Stopwatch.StartNew();
        foreach (var silo in cluster.Silos)
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await silo.Revoke("user-57")).Status);
        }

        using (var nobody = cluster.Client("user-56"))
        using (var login = await nobody.RequestToken([], "&offline_token=true"))
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, login.StatusCode);
            Assert.NotNull(login.Headers.RetryAfter);
        }

        var before = load.Tally.Pulls;
        await Eventually.True(() => watch.Elapsed > Away, "Redis was away for long enough", Away + TimeSpan.FromSeconds(10));
        var during = load.Tally.Pulls - before;
        await cluster.Redis.Restart();
        watch.Restart();
        await revoked.Revoke(cluster, Soon);
        using var somebody = cluster.Client("user-55");
        await Eventually.True(
            async () =>
            {
                using var login = await somebody.RequestToken([], "&offline_token=true");
                return login.StatusCode == HttpStatusCode.OK;
            },
            "new sessions are possible", Soon - watch.Elapsed);
        output.WriteLine($"all is well after {watch.Elapsed.TotalSeconds:F1} s");
        var tally = await load.Finish();
        output.WriteLine($"{during} pulls while Redis was away; {tally}");
        await revoked.ShouldBeRefused(cluster);
        await cluster.RestartEverything();
        await revoked.ShouldBeRefused(cluster);
        Assert.True(during > 20);
        Assert.Empty(tally.Failures);
        Assert.Empty(tally.Bad);
        campaign.Passed();
    }
}
