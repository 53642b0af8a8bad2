using System.Net;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Clustering;

/// <summary>A silo with the wrong state key harms nobody but itself.</summary>
public sealed class WrongKeyTests(Lab lab)
{
    [Fact]
    public async Task It_stays_outside_says_which_key_it_lacks_and_the_cluster_goes_on()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 1, gateways: 1);
        using var alice = cluster.Gateways.First().Client("alice");
        Assert.NotNull((await Login(alice)).RefreshToken);
        var before = await Records(cluster);

        var wrong = await cluster.StartSilo(change: yaml => yaml.Replace("id: k1", "id: k9"));
        var (status, body) = await wrong.ReadyStatus();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("under the key 'k1'", body.GetProperty("parts").GetProperty("state").GetString());
        var alarm = Assert.Single(wrong.Log.Split('\n'), line => line.Contains("ALARM: this silo is not ready"));
        Assert.Contains("add the key to state.encryptionKeys", alarm);

        // It is seen: what calls the grains of a silo that is held fails without a line. Hosts of tests have the small garbage collector.
        Assert.DoesNotContain(wrong.Log.Split('\n'), line => line.Contains("Orleans.") && !line.Contains("ServerGC"));
        Assert.Equal(1, await cluster.Members());
        Assert.Equal(before, await Records(cluster));
        Assert.NotNull((await Login(alice)).RefreshToken);

        // The operator gives it the key.
        var right = await cluster.StartSilo();
        await right.Ready();
        Assert.Equal(2, await cluster.Members());
    }

    private static async Task<TokenReply> Login(RegistryClient client)
    {
        using var response = await client.RequestToken([], "&offline_token=true");
        await response.ShouldBe(HttpStatusCode.OK);
        return await RegistryClient.ReadToken(response);
    }

    /// <summary>The records that make the cluster what it is.</summary>
    private static Task<List<string>> Records(DoorCluster cluster) => cluster.Redis.With(async (database, server) =>
    {
        List<string> all = [];
        foreach (var key in server.Keys(pattern: "registryproxy/state/*").Select(key => key.ToString())
            .Where(key => key.Contains("/keyring/") || key.Contains("/revision/")).Order())
        {
            all.Add($"{key} {await database.HashGetAsync(key, "etag")}");
        }

        Assert.Equal(2, all.Count);
        return all;
    });
}
