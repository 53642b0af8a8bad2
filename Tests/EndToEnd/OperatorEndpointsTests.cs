using System.Diagnostics;
using System.Net;
using System.Text.Json;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What the operations page is made of, as JSON for scripts.</summary>
public sealed class OperatorEndpointsTests(Lab lab)
{
    private const string Hostile = "<img src=x onerror=alert(1)>";

    [Fact]
    public async Task A_tenant_and_its_upstream_have_their_last_hour_refusals_and_audit_lines()
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(registry.Url));
        using var http = new HttpClient { BaseAddress = new Uri(door.AdminUrl) };
        using var alice = door.Client("alice");
        for (var i = 0; i < 3; i++)
        {
            (await alice.GetManifest("team-a/none", "v1")).Dispose();
        }

        using var wrong = door.Client(Hostile);
        (await wrong.RequestToken([])).Dispose();

        await Eventually.True(
            async () => (await Get(http, "/admin/tenants/acme")).GetProperty("summary").GetProperty("lastHour").GetProperty("requests")
                .GetDouble() >= 3,
            "the requests are in the last hour");
        var tenant = await Get(http, "/admin/tenants/acme");
        Assert.Equal(60, tenant.GetProperty("history").GetProperty("series").GetProperty("requests").GetArrayLength());
        Assert.Contains(tenant.GetProperty("refusals").EnumerateArray(), refusal => refusal.GetProperty("reason").GetString() == "login");
        await Eventually.True(
            async () => (await Get(http, "/admin/upstreams/activity")).EnumerateArray().Any(upstream =>
                upstream.GetProperty("lastHour").GetProperty("requests").GetDouble() >= 3),
            "the requests to the upstream are in its last hour");
        var upstream = (await Get(http, "/admin/upstreams/activity")).EnumerateArray().First().GetProperty("name").GetString()!;
        var history = await Get(http, $"/admin/history?upstream={Uri.EscapeDataString(upstream)}&points=360");
        Assert.Equal(10, history.GetProperty("seconds").GetInt32());
        Assert.InRange(history.GetProperty("series").GetProperty("requests").EnumerateArray().Sum(point => point.GetDouble()), 3, 100);

        // Whoever gathers lines knows every gateway some seconds after the start.
        var path = $"/admin/audit?tenant=acme&event=login&decision=deny&subject={Uri.EscapeDataString("IMG SRC")}";
        await Eventually.True(async () =>
        {
            using var answer = await http.GetAsync(path);
            return answer.StatusCode == HttpStatusCode.OK && (await answer.Content.ReadAsStringAsync()).Contains("onerror");
        }, "the failed login is in the audit log", TimeSpan.FromSeconds(60));
        var line = Assert.Single((await Get(http, path)).GetProperty("lines").EnumerateArray());
        Assert.Equal(Hostile, line.GetProperty("subject").GetString());
        Assert.Empty((await Get(http, "/admin/audit?tenant=acme&event=push")).GetProperty("lines").EnumerateArray());
        Assert.Single((await Get(http, "/admin/audit?tenant=acme&limit=1")).GetProperty("lines").EnumerateArray());
        await Eventually.True(
            async () => (await Get(http, "/admin/summary")).GetProperty("problems").GetArrayLength() == 0, "nothing is wrong");
        foreach (var shown in new[] { "/admin/tenants/acme", "/admin/audit?tenant=acme", "/admin/summary", "/admin/tenants", "/admin/upstreams" })
        {
            Assert.DoesNotContain("canary-password", await http.GetStringAsync(shown));
        }
    }

    [Fact]
    public async Task Sessions_are_searched_and_counted()
    {
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single((await lab.Registry).Url));
        foreach (var user in new[] { "alice", "bob" })
        {
            using var client = door.Client(user);
            (await client.RequestToken([], "&offline_token=true")).Dispose();
        }

        using var http = new HttpClient { BaseAddress = new Uri(door.AdminUrl) };
        using var found = await http.GetAsync($"/admin/sessions?tenant={door.Tenant}&search=ALI");
        using var list = JsonDocument.Parse(await found.Content.ReadAsStringAsync());
        Assert.Equal("alice", Assert.Single(list.RootElement.EnumerateArray()).GetProperty("subject").GetString());
        Assert.Equal(["1"], found.Headers.GetValues("X-Total-Count"));
        using var second = await http.GetAsync($"/admin/sessions?tenant={door.Tenant}&offset=1&limit=1");
        using var page = JsonDocument.Parse(await second.Content.ReadAsStringAsync());
        Assert.Equal("alice", Assert.Single(page.RootElement.EnumerateArray()).GetProperty("subject").GetString());
        Assert.Equal(["2"], second.Headers.GetValues("X-Total-Count"));
        foreach (var wrong in new[] { "limit=1001", "offset=-1", $"search={new string('a', 513)}" })
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await http.GetAsync($"/admin/sessions?tenant={door.Tenant}&{wrong}")).StatusCode);
        }
    }

    [Fact]
    public async Task A_thousand_tenants_and_two_hundred_upstreams_are_answered_at_once()
    {
        var upstreams = Enumerable.Range(0, 200).Select(i => $"  u{i}: {{ url: \"http://127.0.0.1:9\", allowPrivate: true }}");
        var tenants = Enumerable.Range(0, 1000).Select(i =>
            $"  t{i:000}: {{ hosts: [t{i:000}.example], publicUrl: \"https://t{i:000}.example\", routes: [{{ prefix: \"\", upstream: u{i % 200} }}], " +
            "access: [{ name: all, who: [anonymous], repositories: [\"**\"], actions: [pull] }] }");
        await using var door = await FrontDoor.Start(
            $"upstreams:\n{string.Join('\n', upstreams)}\ntenants:\n{string.Join('\n', tenants)}\n");
        using var http = new HttpClient { BaseAddress = new Uri(door.AdminUrl) };
        foreach (var (path, rows) in new[] { ("/admin/tenants?sort=requests&order=desc", 50), ("/admin/tenants?search=t99", 10),
            ("/admin/tenants?sort=state&order=desc", 50), ("/admin/upstreams", 200) })
        {
            Assert.Equal(rows, (await Get(http, path)).GetArrayLength());
            var began = Stopwatch.GetTimestamp();
            await Get(http, path);
            Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        }

        Assert.Equal((1000, 200), ((await Get(http, "/admin/summary")).GetProperty("tenants").GetInt32(),
            (await Get(http, "/admin/summary")).GetProperty("upstreams").GetInt32()));
    }

    [Theory]
    [InlineData("/admin/tenants?sort=colour", 400, "sort")]
    [InlineData("/admin/tenants?order=up", 400, "order")]
    [InlineData("/admin/tenants?limit=0", 400, "limit")]
    [InlineData("/admin/tenants?limit=201", 400, "limit")]
    [InlineData("/admin/tenants?offset=-1", 400, "offset")]
    [InlineData("/admin/tenants/nobody", 404, "GET /admin/tenants")]
    [InlineData("/admin/tenants/cme", 404, "acme")]
    [InlineData("/admin/history", 400, "tenant=NAME")]
    [InlineData("/admin/history?tenant=acme&upstream=basic", 400, "tenant=NAME")]
    [InlineData("/admin/history?tenant=acme&points=7", 400, "360")]
    [InlineData("/admin/history?tenant=nobody", 404, "GET /admin/tenants")]
    [InlineData("/admin/history?upstream=nobody", 404, "nobody")]
    [InlineData("/admin/audit?tenant=acme&colour=red", 400, "decision")]
    [InlineData("/admin/audit?tenant=acme&decision=maybe", 400, "decision")]
    [InlineData("/admin/audit?tenant=acme&since=yesterday", 400, "since")]
    [InlineData("/admin/audit?tenant=acme&limit=2001", 400, "limit")]
    [InlineData("/admin/audit?tenant=nobody", 404, "GET /admin/tenants")]
    public async Task What_cannot_be_answered_says_which_field(string path, int status, string said)
    {
        var door = await lab.Door;
        using var http = new HttpClient { BaseAddress = new Uri(door.AdminUrl) };
        using var answer = await http.GetAsync(path);
        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        Assert.Contains(said, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<JsonElement> Get(HttpClient http, string path) => JsonElement.Parse(await http.GetStringAsync(path));
}
