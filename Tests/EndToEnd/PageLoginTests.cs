using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Gateway.Pages;
using RegistryProxy.Gateway.PageSessions;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>How long a login of the page lasts, what it may still do when another one has taken its place, and what it costs.</summary>
public sealed partial class PageLoginTests
{
    private static readonly TestImage Image = TestImage.Build(1200, 1000);

    [Fact]
    public async Task A_session_of_the_page_ends_with_its_cookie()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await Door(upstream.Url);
        using var client = new PageClient(door.DataUrl);
        using (var login = await client.LogIn("alice", FrontDoor.PasswordOf("alice")))
        {
            await login.ShouldBe(HttpStatusCode.OK);
        }

        using (var opened = await client.LogIn("bob", FrontDoor.PasswordOf("bob"), "/page/administration"))
        {
            await opened.ShouldBe(HttpStatusCode.OK);
        }

        using var docker = door.Client("alice");
        using var kept = await docker.RequestToken([], "&offline_token=true");
        List<TimeSpan> lives = [];
        await Eventually.True(
            async () =>
            {
                lives = [.. JsonDocument.Parse(await door.Admin($"/admin/sessions?tenant={door.Tenant}")).RootElement.EnumerateArray()
                    .Select(one => one.GetProperty("expires").GetDateTimeOffset() - one.GetProperty("opened").GetDateTimeOffset()).Order()];
                return lives.Count == 3;
            },
            "all sessions are listed");
        Assert.Equal([PageCookies.Life, PageCookies.Life, TimeSpan.FromDays(30)], lives);
    }

    [Fact]
    public async Task What_comes_with_a_login_that_another_tab_has_replaced_does_nothing_and_says_so()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await Door(upstream.Url);
        using var client = new PageClient(door.DataUrl);
        using (var login = await client.LogIn("alice", FrontDoor.PasswordOf("alice")))
        {
            await login.ShouldBe(HttpStatusCode.OK);
        }

        using (var stale = await client.Post("/page/logout", new { }))
        {
            await stale.ShouldFail(HttpStatusCode.Forbidden, "DENIED");
            Assert.Equal("stale", stale.Headers.GetValues(PageEndpoints.ScriptHeader).Single());
            Assert.Contains("load the page again", await stale.Content.ReadAsStringAsync());
        }

        Assert.Equal("alice", (await client.Me()).GetProperty("you").GetProperty("subject").GetString());
        using var foreign = await client.Post("/page/logout", new { }, ("Origin", "https://evil.example"));
        await foreign.ShouldFail(HttpStatusCode.Forbidden, "DENIED");
        Assert.False(foreign.Headers.Contains(PageEndpoints.ScriptHeader), "a page of others is told nothing");
        using var done = await client.Post("/page/logout", new { });
        await done.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_page_and_its_files_are_there_when_the_tenant_has_nothing_left()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await Door(upstream.Url, ", limits: { requestsPerSecond: 2, perIdentity: { requestsPerSecond: 2 } }");
        using var client = new PageClient(door.DataUrl);
        using var page = await client.Get("/", ("Accept", "text/html"));
        var files = AssetAddress().Matches(await page.Content.ReadAsStringAsync()).Select(match => match.Groups[1].Value).ToList();
        Assert.NotEmpty(files);
        for (var turn = 0; turn < 5; turn++)
        {
            using var limited = await client.Get("/v2/team/app/tags/list");
            foreach (var file in files.Append("/"))
            {
                using var answer = await client.Get(file, ("Accept", "text/html"));
                await answer.ShouldBe(HttpStatusCode.OK);
            }
        }

        using var none = await client.Get("/page/assets/0000000000000000/page.js");
        Assert.NotEqual(HttpStatusCode.OK, none.StatusCode);
    }

    [Fact]
    public async Task Who_administers_by_single_sign_on_comes_in_when_the_tenant_has_nothing_left()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await LeasedDoors.Take(SingleSignOn(provider, upstream.Url));
        provider.Callback = $"{door.DataUrl}/login/callback";
        using var flood = new PageClient(door.DataUrl);
        using (var login = await flood.LogIn("alice", FrontDoor.PasswordOf("alice")))
        {
            await login.ShouldBe(HttpStatusCode.OK);
        }

        using var client = new PageClient(door.DataUrl);
        using var people = new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });
        for (var turn = 0; turn < 3; turn++)
        {
            await Flood(flood);
            using var start = await client.Get("/login?for=administration&authenticator=sso");
            await start.ShouldBe(HttpStatusCode.SeeOther);
            using var form = await people.GetAsync($"{start.Headers.Location}&user=erin");
            await form.ShouldBe(HttpStatusCode.Redirect);
            await Flood(flood);
            using var back = await client.Get(form.Headers.Location!.PathAndQuery);
            await back.ShouldBe(HttpStatusCode.SeeOther);
            Assert.Equal("/#/administration", back.Headers.Location!.OriginalString);
        }

        foreach (var other in new[] { "/login?authenticator=sso", "/login?for=page&authenticator=sso", "/login/callback?code=x&state=y" })
        {
            await Eventually.True(
                async () =>
                {
                    await Flood(flood);
                    using var limited = await client.Get(other);
                    return limited.StatusCode == HttpStatusCode.TooManyRequests;
                },
                $"{other} is refused");
        }

        await Eventually.True(
            async () =>
            {
                using var start = await client.Get("/login?for=administration&authenticator=sso");
                return start.StatusCode == HttpStatusCode.TooManyRequests;
            },
            "a few a second may try, not everybody");
    }

    /// <summary>Until the tenant has nothing left.</summary>
    private static Task Flood(PageClient client) => Eventually.True(
        async () =>
        {
            using var answer = await client.Get("/page/v2/team/app/tags/list");
            return answer.StatusCode == HttpStatusCode.TooManyRequests;
        },
        "the tenant has nothing left");

    [Theory]
    [InlineData("follow")]
    [InlineData("pass")]
    public async Task The_page_reads_what_is_behind_a_redirect_that_clients_follow_themselves(string redirects)
    {
        await using var storage = await RecordingUpstream.Start(context => context.Response.WriteAsync("""{"os":"linux"}"""));
        await using var upstream = await RecordingUpstream.Start(context => Redirect(context, storage.Url));
        await using var door = await LeasedDoors.Take(Yaml(
            $"{{ url: \"{upstream.Url}\", allowPrivate: true, redirects: {redirects}, redirectHosts: [\"127.0.0.1\"] }}"));
        using var client = new PageClient(door.DataUrl);
        using (var login = await client.LogIn("alice", FrontDoor.PasswordOf("alice")))
        {
            await login.ShouldBe(HttpStatusCode.OK);
        }

        using var read = await client.Get($"/page/v2/team/app/blobs/{TestBlob.Of("""{"os":"linux"}""").Digest}");
        await read.ShouldBe(HttpStatusCode.OK);
        Assert.Equal("""{"os":"linux"}""", await read.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Without_the_page_errors_of_its_address_are_JSON()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await Door(upstream.Url, ", page: false, limits: { requestsPerSecond: 1 }");
        using var client = new PageClient(door.DataUrl);
        await Eventually.True(
            async () =>
            {
                using var answer = await client.Get("/", ("Accept", "text/html"));
                Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
                return answer.StatusCode == HttpStatusCode.TooManyRequests;
            },
            "the tenant has nothing left");
    }

    private static async Task Redirect(HttpContext context, string storage)
    {
        if (context.Request.Path.Value!.Contains("/blobs/"))
        {
            context.Response.StatusCode = StatusCodes.Status307TemporaryRedirect;
            context.Response.Headers.Location = $"{storage}/blob";
        }
        else if (context.Request.Path != "/v2/")
        {
            context.Response.ContentType = TestImage.OciManifest;
            await context.Response.Body.WriteAsync(Image.Manifest.Bytes);
        }
    }

    private static Task<LeasedDoor> Door(string upstream, string more = "") =>
        LeasedDoors.Take(Yaml($"{{ url: \"{upstream}\", allowPrivate: true }}", more));

    private static string SingleSignOn(OpenIdProvider provider, string upstream) => $$"""
        upstreams:
          local: { url: "{{upstream}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
          sso:
            { type: oidc, issuer: "{{provider.Url}}", audience: registry, require: { hd: acme.example }, allowPrivate: true,
              clientId: {{OpenIdProvider.ClientId}}, clientSecret: { value: "{{OpenIdProvider.ClientSecret}}" }, scopes: [openid] }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff, sso]
            administrators: ["subject:sso/erin"]
            routes: [{ prefix: "", upstream: local }]
            limits: { requestsPerSecond: 1 }
            access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull] }]
        """;

    private static string Yaml(string upstream, string more = "") => $$"""
        upstreams:
          local: {{upstream}}
        authenticators: { staff: { type: htpasswd, file: htpasswd } }
        tenants:
          acme: { hosts: ["*"], authenticators: [staff], administrators: ["user:staff/bob"], routes: [{ prefix: "", upstream: local }],
                  access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull, push, catalog] }]{{more}} }
        """;

    [GeneratedRegex("(?:src|href)=\"(/page/assets/[^\"]+)\"")]
    private static partial Regex AssetAddress();
}
