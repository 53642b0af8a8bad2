using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What becomes of whoever is refused, and of administrators meanwhile.</summary>
public sealed partial class TenantAdministrationOracleTests
{
    [Fact]
    public async Task Who_is_refused_has_a_line_and_a_flood_of_the_tenants_own_locks_no_administrator_out()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.Start(Yaml(upstream.Url).Replace(
            "hosts: [\"127.0.0.1\"]", "hosts: [\"127.0.0.1\"]\n    limits: { requestsPerSecond: 10 }"));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var bob = await Token(http, door, "acme", "bob", FrontDoor.PasswordOf("bob"), "repository:a/b:pull");
        var alice = await Token(http, door, "acme", "alice", FrontDoor.PasswordOf("alice"), "tenant:acme:administer");
        Assert.Equal(401, await Send(http, $"{door.DataUrl}/admin/robots/probed", "DELETE", bob, "plain"));
        using var strong = new HttpRequestMessage(HttpMethod.Post, $"{door.DataUrl}/admin/robots")
        {
            Content = JsonContent.Create(new { name = "strong", repositories = new[] { "**" }, actions = new[] { "delete" } }),
            Headers = { Authorization = new AuthenticationHeaderValue("Bearer", alice) },
        };
        using var refused = await http.SendAsync(strong);
        await refused.ShouldBe(HttpStatusCode.Forbidden);
        await Eventually.True(
            () => Denied("bob", "robots/probed", 401) && Denied("alice", "robots", 403), "both refusals are in the audit log");

        var limited = false;
        for (var i = 0; i < 200 && !limited; i++)
        {
            limited = await Send(http, $"{door.DataUrl}/v2/a/b/tags/list", "GET", bob, "plain") == 429;
        }

        Assert.True(limited);
        alice = await Token(http, door, "acme", "alice", FrontDoor.PasswordOf("alice"), "tenant:acme:administer");
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(200, await Send(http, $"{door.DataUrl}/admin/sessions", "GET", alice, "administer"));
        }

        bool Denied(string who, string path, int status) => door.Log.Split('\n').Any(line =>
            line.Contains("\"event\":\"denied\"") && line.Contains("\"action\":\"administer\"") && line.Contains($"\"subject\":\"{who}\"")
            && line.Contains($"\"reference\":\"{path}\"") && line.Contains($"\"status\":{status}"));
    }
}
