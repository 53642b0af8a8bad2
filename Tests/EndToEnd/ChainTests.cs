using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A front door behind a front door: the upstream asks for tokens, scope by scope.</summary>
public sealed class ChainTests(Lab lab)
{
    [Fact]
    public async Task The_outer_door_gets_tokens_of_the_inner_one_once_per_scope()
    {
        await using var inner = await FrontDoor.Start(DoorConfiguration.Shared(await lab.Registry, await lab.BasicRegistry));
        await using var outer = await FrontDoor.Start(DoorConfiguration.Single(
            inner.DataUrl, $", credentials: {{ type: basic, username: alice, password: {{ value: {FrontDoor.PasswordOf("alice")} }} }}"));
        using var alice = outer.Client("alice");
        var image = TestImage.Build(120, 100_000);
        await alice.PushImage("team-a/chain", "v1", image);
        var docker = (await lab.Docker).NewClient();
        (await docker.Login(outer.Authority, "alice", FrontDoor.PasswordOf("alice"))).ShouldSucceed();
        (await docker.Pull($"{outer.Authority}/team-a/chain:v1")).ShouldSucceed();

        const string Logins = "registryproxy_gateway_grain_calls_total";
        var before = await inner.Metric(Logins, "grain=\"login\"");
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) =>
        {
            using var client = outer.Client();
            using var response = await client.GetBlob("team-a/chain", image.Config.Digest);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        });
        Assert.True(await inner.Metric(Logins, "grain=\"login\"") - before <= 1, "one token call for one scope, whatever the load");

        using var refused = await alice.GetManifest("secret/chain", "v1");
        Assert.Equal(HttpStatusCode.BadGateway, refused.StatusCode);
        Assert.Contains("\"scheme\": \"bearer\"", await outer.Admin("/admin/upstreams"));
    }

    [Fact]
    public async Task A_wrong_upstream_password_is_502_backs_off_and_heals_when_it_is_mended()
    {
        var inner = await lab.Door;
        await using var outer = await FrontDoor.Start(
            DoorConfiguration.Single(
                inner.DataUrl, ", credentials: { type: basic, username: alice, password: { file: upstream-password } }"));
        using var alice = outer.Client("alice");
        await File.WriteAllTextAsync(outer.PathOf("upstream-password"), "wrong");
        for (var i = 0; i < 5; i++)
        {
            using var response = await alice.GetManifest("team-a/heals", "v1");
            Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
            Assert.DoesNotContain("wrong", await response.Content.ReadAsStringAsync());
        }

        Assert.Contains("\"breaker\": \"open\"", await outer.Admin("/admin/upstreams"));
        await File.WriteAllTextAsync(outer.PathOf("upstream-password"), FrontDoor.PasswordOf("alice"));
        await Support.Processes.Eventually.True(
            async () => (await alice.GetManifest("team-a/heals", "v1")).StatusCode == HttpStatusCode.NotFound,
            "the mended password is used", TimeSpan.FromSeconds(5));
    }
}
