using System.Net;
using System.Text;
using System.Text.Json;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What operators do: start it, stop it, change it, look at it, end sessions.</summary>
public sealed class OperationsTests(Lab lab)
{
    [Fact]
    public async Task It_is_ready_within_three_seconds_and_ends_cleanly()
    {
        List<TimeSpan> times = [];
        for (var i = 0; i < 5; i++)
        {
            await using var door = await FrontDoor.Start(null);
            times.Add(door.StartTime);
            Assert.Equal(0, await door.Terminate());
        }

        Assert.True(times.Order().ElementAt(2) <= TimeSpan.FromSeconds(Budget), $"median of {string.Join(", ", times)}");
    }

    /// <summary>Three seconds on a machine of its own; other tests share this one.</summary>
    private static double Budget => Support.Sizes.Full ? 3 : 9;

    [Fact]
    public async Task A_changed_rule_holds_within_two_seconds_for_tokens_that_are_out_already()
    {
        var registry = await lab.Registry;
        var yaml = DoorConfiguration.Single(registry.Url);
        await using var door = await FrontDoor.Start(yaml);
        using var alice = door.Client("alice");
        await alice.PushImage("reload/app", "v1", TestImage.Build(110, 10));
        door.WriteConfig(yaml.Replace("actions: [pull, push, delete, catalog]", "actions: [push]")
            .Replace("who: [anonymous], repositories: [\"**\"]", "who: [anonymous], repositories: [\"public/**\"]"));
        await Eventually.True(async () => await StatusOf(alice) == HttpStatusCode.Forbidden, "the removed right is gone",
            TimeSpan.FromSeconds(Budget));

        door.WriteConfig("tenants: nonsense");
        await Eventually.True(() => door.Log.Contains("error(s) and is not used"), "the broken file is reported");
        Assert.Equal(HttpStatusCode.Forbidden, await StatusOf(alice));
        Assert.Contains("\"ready\":true", await door.Admin("/readyz"));

        door.WriteConfig(yaml);
        await Eventually.True(async () => await StatusOf(alice) == HttpStatusCode.OK, "the right is back", TimeSpan.FromSeconds(Budget));

        static async Task<HttpStatusCode> StatusOf(RegistryClient client)
        {
            using var response = await client.GetManifest("reload/app", "v1");
            return response.StatusCode;
        }
    }

    [Fact]
    public async Task A_changed_password_ends_the_sessions_of_its_user()
    {
        var registry = await lab.Registry;
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(registry.Url));
        using var alice = door.Client("alice");
        using var login = await alice.RequestToken([], "&offline_token=true");
        var refresh = (await RegistryClient.ReadToken(login)).RefreshToken!;
        var token = await alice.Token("");
        var users = await File.ReadAllTextAsync(door.PathOf("htpasswd"));
        var other = await Shell.Run("htpasswd", ["-nbB", "-C", "4", "alice", "another"]);
        await File.WriteAllTextAsync(
            door.PathOf("htpasswd"), string.Join(
                '\n', users.Split('\n').Select(line => line.StartsWith("alice:", StringComparison.Ordinal) ? other.Output.Trim() : line)));
        await Eventually.True(async () => (await alice.Send(HttpMethod.Get, "/v2/", token)).StatusCode == HttpStatusCode.Unauthorized,
            "the token is refused", TimeSpan.FromSeconds(5));
        using var resumed = await alice.PostToken(("grant_type", "refresh_token"), ("refresh_token", refresh), ("service", "127.0.0.1"));
        await resumed.ShouldFail(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
    }

    [Theory]
    [InlineData("subject")]
    [InlineData("session")]
    public async Task A_revoked_session_is_refused_everywhere_at_once(string what)
    {
        var registry = await lab.Registry;
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(registry.Url));
        using var alice = door.Client("alice");
        using var login = await alice.RequestToken([], "&offline_token=true");
        var reply = await RegistryClient.ReadToken(login);
        using (var good = await alice.Send(HttpMethod.Get, "/v2/", reply.Token))
        {
            await good.ShouldBe(HttpStatusCode.OK);
        }

        var session = "";
        await Eventually.True(async () => (session = await door.Admin($"/admin/sessions?tenant={door.Tenant}")).Contains("alice"),
            "the session is listed");
        var id = System.Text.Json.JsonDocument.Parse(session).RootElement[0].GetProperty("session").GetString();
        using var http = new HttpClient();
        using var revoked = await http.PostAsync(
            $"{door.AdminUrl}/admin/sessions/revoke",
            new StringContent(what == "subject" ? $$"""{"tenant":"{{door.Tenant}}","subject":"alice"}"""
                : $$"""{"tenant":"{{door.Tenant}}","session":"{{id}}"}""",
                Encoding.UTF8, "application/json"));
        Assert.Contains("1", await revoked.Content.ReadAsStringAsync());

        await Eventually.True(
            async () => (await alice.Send(HttpMethod.Get, "/v2/", reply.Token)).StatusCode == HttpStatusCode.Unauthorized,
            "the token is refused", TimeSpan.FromSeconds(5));
        using var refused = await alice.PostToken(
            ("grant_type", "refresh_token"), ("refresh_token", reply.RefreshToken!), ("service", "127.0.0.1"));
        await refused.ShouldFail(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        using var again = await alice.RequestToken([]);
        await again.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_newest_sessions_are_listed_and_all_are_counted()
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(registry.Url));
        using var alice = door.Client("alice");
        for (var i = 0; i < 5; i++)
        {
            (await alice.RequestToken([], "&offline_token=true")).Dispose();
        }

        using var http = new HttpClient { BaseAddress = new Uri(door.AdminUrl) };
        using var all = await http.GetAsync($"/admin/sessions?tenant={door.Tenant}");
        using var newest = await http.GetAsync($"/admin/sessions?tenant={door.Tenant}&limit=2");
        using var whole = JsonDocument.Parse(await all.Content.ReadAsStringAsync());
        using var part = JsonDocument.Parse(await newest.Content.ReadAsStringAsync());
        Assert.Equal(5, whole.RootElement.GetArrayLength());
        Assert.Equal(whole.RootElement.EnumerateArray().Take(2).Select(session => session.GetRawText()),
            part.RootElement.EnumerateArray().Select(session => session.GetRawText()));
        Assert.Equal(["5"], newest.Headers.GetValues("X-Total-Count"));
        foreach (var wrong in new[] { "0", "-1", "x", "99999999999" })
        {
            Assert.Equal(
                HttpStatusCode.BadRequest, (await http.GetAsync($"/admin/sessions?tenant={door.Tenant}&limit={wrong}")).StatusCode);
        }
    }

    [Fact]
    public async Task The_admin_listener_explains_and_hides_every_secret()
    {
        var door = await lab.Door;
        Assert.Contains("\"allowed\": true",
            await door.Admin("/admin/explain?tenant=acme&authenticator=staff&subject=alice&repository=team-a/x&action=push"));
        var denied = await door.Admin(
            "/admin/explain?tenant=acme&authenticator=staff&subject=carol&groups=ops&repository=team-a/x&action=push");
        Assert.Contains("\"allowed\": false", denied);
        Assert.Contains("nearest", denied);
        using var alice = door.Client("alice");
        using var blob = await alice.GetBlob("basic/none", TestBlob.Random(1, 1).Digest);
        var everything = await door.Admin("/admin/upstreams") + await door.Admin("/admin/sessions?tenant=acme")
            + await door.Admin("/metrics") + door.Log;
        Assert.DoesNotContain("canary-password", everything);
        Assert.DoesNotContain(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{DockerRegistry.User}:{DockerRegistry.Password}")),
            everything);
        Assert.Contains("\"upstream\": \"basic\"", everything);
    }

    [Fact]
    public async Task A_web_page_of_another_site_cannot_drive_the_admin_listener()
    {
        var door = await lab.Door;
        using var http = new HttpClient();
        foreach (var (name, value) in new[] { ("Host", "evil.example"), ("Origin", "http://evil.example") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{door.AdminUrl}/admin/upstreams");
            request.Headers.TryAddWithoutValidation(name, value);
            using var response = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    [Fact]
    public async Task An_unknown_host_is_421_and_a_known_one_its_tenant()
    {
        var registry = await lab.Registry;
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(registry.Url)
            .Replace("hosts: [\"*\"]", "hosts: [docker.acme.example]\n    publicUrl: https://docker.acme.example"));
        foreach (var (host, status) in new[] { ("docker.acme.example", 401), ("DOCKER.acme.example:8443", 401), ("evil.example", 421),
            ("127.0.0.1", 421) })
        {
            var answer = await RawHttp.Exchange(
                door.DataUrl, $"GET /v2/ HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n");
            Assert.StartsWith($"HTTP/1.1 {status}", answer);
            Assert.True(status != 401
                || answer.Contains("Bearer realm=\"https://docker.acme.example/token\",service=\"docker.acme.example\""), answer);
        }
    }

    [Fact]
    public async Task A_bad_configuration_prints_every_error_and_exits_2_and_check_exits_1()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("bad.yaml", "upstreams:\n  a: { url: nonsense, colour: red }\ntenants:\n  t: { hosts: [] }\n");
        var run = await Shell.Run("dotnet", [FrontDoor.Dll, "--config", file]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"{file}:2: upstreams.a.url", run.Output);
        Assert.Contains("upstreams.a.colour", run.Output);
        Assert.Contains("tenants.t.hosts", run.Output);
        var check = await Shell.Run("dotnet", [FrontDoor.Dll, "check", "--config", file]);
        Assert.Equal(1, check.ExitCode);
    }
}
