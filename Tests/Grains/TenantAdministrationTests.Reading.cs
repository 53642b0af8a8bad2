using System.Text.Json;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Grains;

/// <summary>What administrators read of their tenant.</summary>
public sealed partial class TenantAdministrationTests
{
    [Fact]
    public async Task Every_session_is_found_however_many_are_newer()
    {
        await using var cluster = await Start();
        await Login(cluster, "bob", administers: false);
        var alice = await Login(cluster, "alice");
        for (var i = 0; i < 40; i++)
        {
            var login = await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
            {
                Tenant = "acme", Service = "here", Offline = true,
                Credentials = new LoginCredentials(LoginCredentialsKind.Password, "dave", new Secret("pw")),
            });
            Assert.Equal(LoginStatus.Granted, login.Status);
        }

        await Eventually.True(async () => (await Ask(cluster, alice, query: "search=DAV&limit=5")).Total == 40, "all are listed");
        Assert.Equal(42, (await Ask(cluster, alice, query: "limit=1")).Total);
        var oldest = await Ask(cluster, alice, query: "offset=41&limit=5");
        Assert.Equal("bob", Assert.Single(JsonElement.Parse(oldest.Body!.Reveal()).EnumerateArray()).GetProperty("subject").GetString());
        var found = await Ask(cluster, alice, query: "search=bob");
        Assert.Equal(1, found.Total);
        foreach (var bad in new[] { "offset=-1", "limit=1001", "limit=0", $"search={new string('x', 513)}" })
        {
            Assert.Equal(400, (await Ask(cluster, alice, query: bad)).Status);
        }
    }

    [Fact]
    public async Task What_is_in_use_is_told_and_the_last_hour_of_its_own_upstreams_alone()
    {
        await using var cluster = await Start();
        var alice = await Login(cluster, "alice");
        var answer = await Ask(cluster, alice, path: "tenant");
        Assert.Equal(200, answer.Status);
        var part = JsonElement.Parse(answer.Body!.Reveal()).GetProperty("part");
        Assert.Equal("operator", part.GetProperty("keptBy").GetString());
        Assert.Equal("apps/**", part.GetProperty("access")[0].GetProperty("repositories")[0].GetString());
        foreach (var upstream in new[] { "up", "other/up", "acme/none" })
        {
            Assert.Equal(404, (await Ask(cluster, alice, path: "history", query: $"upstream={upstream}")).Status);
        }
    }
}
