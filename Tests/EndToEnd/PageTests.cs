using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using RegistryProxy.Gateway.Pages;
using RegistryProxy.Gateway.PageSessions;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The page for people at the tenant's own host, as a browser asks for it: what it opens, and what it does not.</summary>
public sealed partial class PageTests(Lab lab)
{
    [Fact]
    public async Task A_browser_gets_the_page_and_everybody_else_what_they_got_before()
    {
        await using var door = await Door();
        using var client = new PageClient(door.DataUrl);
        using var page = await client.Get("/", ("Accept", "text/html,application/xhtml+xml"));
        await page.ShouldBe(HttpStatusCode.OK);
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.DoesNotContain("unsafe", policy);
        var text = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("acme", text);
        Assert.DoesNotMatch(InlineScript(), text);
        Assert.Empty(client.SetCookies);
        foreach (Match asset in AssetAddress().Matches(text))
        {
            using var loaded = await client.Get(asset.Groups[1].Value);
            await loaded.ShouldBe(HttpStatusCode.OK);
            Assert.Contains("immutable", loaded.Headers.CacheControl!.ToString());
        }

        foreach (var accept in new[] { "", "application/json", "*/*" })
        {
            using var other = await client.Get("/", ("Accept", accept));
            await other.ShouldFail(HttpStatusCode.NotFound, "UNSUPPORTED");
        }

        using var posted = await client.Send(HttpMethod.Post, "/", null, ("Accept", "text/html"));
        await posted.ShouldFail(HttpStatusCode.NotFound, "UNSUPPORTED");
        using var none = await client.Get("/page/assets/0000000000000000/page.js");
        await none.ShouldFail(HttpStatusCode.NotFound, "UNSUPPORTED");
    }

    [Fact]
    public async Task Another_host_of_the_tenant_leads_to_the_address_where_people_log_in()
    {
        await using var door = await Door(publicUrl: "https://docker.acme.example");
        using var client = new PageClient(door.DataUrl);
        using var elsewhere = await client.Get("/", ("Accept", "text/html"), ("Host", "registry.acme.example"));
        await elsewhere.ShouldBe(HttpStatusCode.SeeOther);
        Assert.Equal("https://docker.acme.example/", elsewhere.Headers.Location!.ToString());
        foreach (var host in new[] { "docker.acme.example", "DOCKER.acme.example:8443" })
        {
            using var there = await client.Get("/", ("Accept", "text/html"), ("Host", host));
            await there.ShouldBe(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task Without_page_nothing_is_there()
    {
        await using var door = await Door(page: "false");
        using var client = new PageClient(door.DataUrl);
        foreach (var target in new[] { "/", "/page/me", "/page/v2/_catalog", "/page/sessions" })
        {
            using var answer = await client.Get(target, ("Accept", "text/html"));
            await answer.ShouldFail(HttpStatusCode.NotFound, "UNSUPPORTED");
        }
    }

    [Theory]
    [InlineData("/v2/")]
    [InlineData("/v2/team-a/page/manifests/v1")]
    [InlineData("/v2/%")]
    [InlineData("/page/v2/team-a/page/manifests/v1")]
    public async Task What_was_pushed_is_no_page_of_this_origin(string target)
    {
        await using var door = await Door();
        using var client = new PageClient(door.DataUrl);
        using var answer = await client.Get(target, ("Accept", "text/html"));
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("sandbox", answer.Headers.GetValues("Content-Security-Policy").Single());
    }

    [Fact]
    public async Task The_cookie_opens_the_page_and_nothing_else()
    {
        await using var door = await Door();
        using var alice = door.Client("alice");
        await alice.PushImage("team-a/page", "v1", TestImage.Build(990, 1000));
        using var client = new PageClient(door.DataUrl);
        using (var login = await client.LogIn("alice", FrontDoor.PasswordOf("alice")))
        {
            await login.ShouldBe(HttpStatusCode.OK);
            Assert.DoesNotContain("token", await login.Content.ReadAsStringAsync());
        }

        var set = Assert.Single(client.SetCookies);
        Assert.StartsWith("__Host-", set);
        foreach (var word in new[] { "; secure", "; httponly", "; samesite=strict", "; path=/" })
        {
            Assert.Contains(word, set);
        }

        Assert.DoesNotContain("domain", set);
        Assert.Equal("alice", (await client.Me()).GetProperty("you").GetProperty("subject").GetString());
        using var tags = await client.Get("/page/v2/team-a/page/tags/list");
        Assert.Contains("v1", await tags.Content.ReadAsStringAsync());
        foreach (var target in new[] { "/v2/", "/v2/team-a/page/tags/list", "/v2/_catalog", "/admin/sessions" })
        {
            using var answer = await client.Get(target);
            await answer.ShouldBe(HttpStatusCode.Unauthorized);
        }

        using var token = await client.Get("/token?scope=repository:team-a/page:pull&offline_token=true");
        Assert.Equal("", (await RegistryClient.ReadToken(token)).Scope);
        foreach (var user in new[] { "_session", "alice", "<token>" })
        {
            using var asPassword = await client.Get(
                "/token", ("Authorization", RegistryClient.Basic(user, client.Cookies[PageCookies.Visitor]).ToString()));
            await asPassword.ShouldBe(HttpStatusCode.Unauthorized);
        }

        Assert.DoesNotContain(client.Cookies[PageCookies.Visitor], door.Log);
    }

    [Fact]
    public async Task A_credential_in_a_header_opens_nothing_of_the_page()
    {
        await using var door = await Door();
        using var client = new PageClient(door.DataUrl);
        using var alice = door.Client("alice");
        var basic = RegistryClient.Basic("alice", FrontDoor.PasswordOf("alice")).ToString();
        foreach (var authorization in new[] { basic, $"Bearer {await alice.Token("repository:team-a/page:pull")}" })
        {
            using var tags = await client.Get("/page/v2/team-a/page/tags/list", ("Authorization", authorization));
            await tags.ShouldBe(HttpStatusCode.Unauthorized);
            using var sessions = await client.Get("/page/sessions", ("Authorization", authorization));
            await sessions.ShouldBe(HttpStatusCode.Unauthorized);
        }
    }

    [Fact]
    public async Task Nobody_but_the_page_itself_changes_or_reads_anything()
    {
        await using var door = await Door();
        using var client = new PageClient(door.DataUrl);
        using (var login = await client.LogIn("alice", FrontDoor.PasswordOf("alice")))
        {
            await login.ShouldBe(HttpStatusCode.OK);
        }

        await client.Me();
        foreach (var (name, value) in new[]
            {
                (PageEndpoints.ScriptHeader, ""), (PageCookies.TokenHeader, ""), (PageCookies.TokenHeader, "x"),
                (PageCookies.TokenHeader, client.Token + "x"), ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "same-site"),
                ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Site", "none"), ("Cookie", "x=y"),
            })
        {
            using var change = await client.Post("/page/logout", new { }, (name, value));
            await change.ShouldFail(HttpStatusCode.Forbidden, "DENIED");
        }

        using var other = new PageClient(door.DataUrl);
        await other.Me();
        using var stolen = await client.Post("/page/logout", new { }, (PageCookies.TokenHeader, other.Token));
        await stolen.ShouldFail(HttpStatusCode.Forbidden, "DENIED");
        using var read = await client.Get("/page/v2/_catalog", (PageEndpoints.ScriptHeader, ""));
        await read.ShouldFail(HttpStatusCode.Forbidden, "DENIED");
        using var written = await client.Send(
            HttpMethod.Delete, "/page/v2/team-a/page/manifests/v1", null, (PageCookies.TokenHeader, client.Token));
        await written.ShouldFail(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
        Assert.NotEqual(JsonValueKind.Null, (await client.Me()).GetProperty("you").ValueKind);
    }

    [Fact]
    public async Task People_see_and_end_their_own_sessions_and_no_others()
    {
        await using var door = await Door();
        using var client = new PageClient(door.DataUrl);
        using (var login = await client.LogIn("alice", FrontDoor.PasswordOf("alice")))
        {
            await login.ShouldBe(HttpStatusCode.OK);
        }

        using var docker = door.Client("alice");
        using var offline = await docker.RequestToken(["repository:team-a/page:pull"], "&offline_token=true");
        var kept = (await RegistryClient.ReadToken(offline)).RefreshToken!;
        using var bob = door.Client("bob");
        using var others = await bob.RequestToken([], "&offline_token=true");
        var ofBob = JsonDocument.Parse(await door.Admin($"/admin/sessions?tenant={door.Tenant}")).RootElement.EnumerateArray()
            .First(session => session.GetProperty("subject").GetString() == "bob").GetProperty("session").GetString();

        await client.Me();
        using var listed = await client.Get("/page/sessions");
        var sessions = (await listed.Content.ReadFromJsonAsync<JsonElement>()).EnumerateArray().ToList();
        Assert.Equal(2, sessions.Count);
        Assert.DoesNotContain(ofBob, sessions.Select(session => session.GetProperty("session").GetString()));
        var ofDocker = sessions.Single(session => !session.GetProperty("isThis").GetBoolean()).GetProperty("session").GetString()!;
        Assert.Equal(0, await Revoke(client, ofBob!));
        Assert.Equal(1, await Revoke(client, ofDocker));
        Assert.Equal(0, await Revoke(client, ofDocker));
        using var resumed = await docker.PostToken(("grant_type", "refresh_token"), ("refresh_token", kept));
        await resumed.ShouldBe(HttpStatusCode.Unauthorized);
        Assert.Contains("\"event\":\"revoke\"", door.Log);

        var cookie = client.Cookies[PageCookies.Visitor];
        using var left = await client.Post("/page/logout", new { });
        await left.ShouldBe(HttpStatusCode.OK);
        Assert.Empty(client.Cookies);
        await Eventually.True(
            async () =>
            {
                client.Cookies[PageCookies.Visitor] = cookie;
                return (await client.Me()).GetProperty("you").ValueKind == JsonValueKind.Null;
            },
            "the cookie of a session that ended opens nothing");
        Assert.NotEqual(cookie, client.Cookies[PageCookies.Visitor]);
    }

    [Theory]
    [InlineData("alice", "wrong")]
    [InlineData("nobody", "wrong")]
    [InlineData("_session", "wrong")]
    [InlineData("", "")]
    public async Task A_wrong_password_opens_nothing(string user, string password)
    {
        await using var door = await Door();
        using var client = new PageClient(door.DataUrl);
        using var login = await client.LogIn(user, password);
        await login.ShouldFail(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        Assert.Equal(JsonValueKind.Null, (await client.Me()).GetProperty("you").ValueKind);
    }

    private static async Task<int> Revoke(PageClient client, string session)
    {
        using var answer = await client.Post("/page/sessions/revoke", new { session });
        await answer.ShouldBe(HttpStatusCode.OK);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("revoked").GetInt32();
    }

    private async Task<LeasedDoor> Door(string page = "true", string? publicUrl = null) => await LeasedDoors.Take($$"""
        upstreams:
          local: { url: "{{(await lab.Registry).Url}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["*"]
            {{(publicUrl is null ? "" : $"publicUrl: \"{publicUrl}\"")}}
            page: {{page}}
            authenticators: [staff]
            administrators: ["user:staff/alice"]
            routes: [{ prefix: "", upstream: local }]
            access:
              - { name: public, who: [anonymous], repositories: ["public/**"], actions: [pull, catalog] }
              - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull, push, catalog] }
              - { name: bob, who: ["user:staff/bob"], repositories: ["team-b/**"], actions: [pull] }
        """);

    [GeneratedRegex("(?:src|href)=\"(/page/assets/[^\"]+)\"")]
    private static partial Regex AssetAddress();

    [GeneratedRegex("<script(?![^>]* src=)|\\son[a-z]+=|<style")]
    private static partial Regex InlineScript();
}
