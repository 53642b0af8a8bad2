using System.Net;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Clustering.Kubernetes;

/// <summary>Processes that meet in a Kubernetes API.</summary>
public sealed class KubernetesClusterTests(Lab lab)
{
    [Fact]
    public async Task Silos_and_gateways_find_each_other_by_the_custom_resource_also_after_a_kill_and_an_outage()
    {
        await using var api = await KubernetesApi.Start();
        using var folder = new TemporaryFolder();
        var meeting =
            $$"""provider: kubernetes, kubernetes: { namespace: rp, server: "{{api.Url.ToString().TrimEnd('/')}}", tokenFile: "{{folder.Write("token", KubernetesApi.Token)}}" }""";
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 1, gateways: 0, meeting: meeting);
        var victim = await cluster.StartSilo();
        await victim.Ready();
        var gateway = await cluster.StartGateway();
        await gateway.Ready();
        using var alice = gateway.Client("alice");
        Assert.Equal(HttpStatusCode.OK, (await alice.RequestToken([])).StatusCode);

        victim.Process.Kill();
        await Eventually.True(
            async () => (await alice.RequestToken([])).StatusCode == HttpStatusCode.OK, "the silo that is left answers",
            TimeSpan.FromSeconds(40));

        // Before that its part of the directory is out of reach, and nobody can be declared dead in an outage.
        await Eventually.True(() => api.RowsThatAre(SiloStatus.Dead) == 1, "it is declared dead", TimeSpan.FromSeconds(40));
        api.IsAway = true;
        Assert.Equal(HttpStatusCode.OK, (await alice.RequestToken([])).StatusCode);
        api.IsAway = false;
        var late = await cluster.StartSilo();
        await late.Ready();
    }
}
