using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Chaos;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Chaos;

/// <summary>A silo that was stopped wakes and still remembers what was true before; gateways that have not left it yet ask it.</summary>
[Collection(ChaosCollection.Name)]
public sealed class WakeTests(SharedChaos chaos, ITestOutputHelper output)
{
    private const int Identities = 40;

    [Fact]
    public async Task Whoever_was_revoked_while_a_silo_was_stopped_stays_so_when_it_wakes()
    {
        var cluster = await chaos.Whole();
        using var campaign = new Campaign(cluster, output);
        foreach (var silo in Enumerable.Repeat(cluster.Silos, Sizes.Of(1, 5)).SelectMany(silos => silos))
        {
            var identities = await Task.WhenAll(
                Enumerable.Range(0, Identities).Select(number => RevokedIdentity.LogInAlone(cluster, $"user-{number}")));
            var other = cluster.Silos.First(other => other != silo);
            await silo.Freeze();
            await Task.WhenAll(identities.Select(identity => identity.RevokeAt(other)));
            await Eventually.True(async () => await cluster.ActiveSilos() == cluster.Silos.Count - 1, "the others have declared it dead",
                TimeSpan.FromSeconds(60));
            await silo.Thaw();
            var answers = await Task.WhenAll(
                identities.SelectMany(identity => cluster.Gateways.Select(gateway => identity.Use(gateway.DataUrl))));
            output.WriteLine($"{silo.Name}: {string.Join(", ", answers.CountBy(status => status))}");
            Assert.DoesNotContain(HttpStatusCode.OK, answers);
            await Eventually.True(() => !silo.IsRunning, "a silo that was declared dead ends itself", TimeSpan.FromSeconds(60));
            await silo.Revive();
        }

        campaign.Passed();
    }
}
