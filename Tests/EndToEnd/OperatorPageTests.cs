using System.Net;
using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What operators see in a browser: the page that they keep open, the login form, the Orleans Dashboard.</summary>
[Collection(BrowserCollection.Name)]
public sealed class OperatorPageTests(Lab lab)
{
    private const string Token = "operator-canary-token";

    private static readonly string[] DashboardRoutes =
        ["", "index.min.js", "version", "DashboardCounters", "ClusterStats", "TopGrainMethods", "GrainTypes", "Reminders/1", "Trace",
            "GrainState?grainId=staff%2Falice&grainType=session"];

    [Fact]
    public async Task The_page_logs_in_shows_the_cluster_live_and_ends_sessions()
    {
        var registry = await lab.BasicRegistry;
        await using var door = await FrontDoor.Start(Yaml(registry.Url));
        using var alice = door.Client("alice");
        await alice.PushImage("page/app", "v1", TestImage.Build(410, 1000));
        using (var login = await alice.RequestToken(["repository:page/app:pull"], "&offline_token=true"))
        {
            Assert.Equal(HttpStatusCode.OK, login.StatusCode);
        }

        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{door.AdminUrl}/#/tenants/acme");
        await browser.WaitFor("input[name=token]");
        await browser.Fill("input[name=token]", "wrong");
        await browser.Click("button");
        await Eventually.True(async () => (await browser.Text("#problem")).Contains("Wrong token"), "a wrong token is refused");
        await browser.Fill("input[name=token]", Token);
        await browser.Click("button");
        await Eventually.True(async () => await browser.Text("h1") == "acme", "the view is shown that was wanted before the login");
        await Go("");
        await browser.WaitFor("#problems");

        await Eventually.True(async () => (await browser.Text("#problems")).Contains("Nothing is wrong"), "all is well");
        await Eventually.True(async () =>
            (await browser.Text("#processes")) is var processes && processes.Contains("gateway") && processes.Contains("silo"),
                "processes are shown");
        Assert.DoesNotContain("page/app", await browser.Text("#repositories"));
        for (var pull = 0; pull < 3; pull++)
        {
            using var manifest = await alice.GetManifest("page/app", "v1");
        }

        await Eventually.True(async () => (await browser.Text("#repositories")).Contains("page/app"), "a pull appears without a reload");
        await Go("upstreams");
        await Eventually.True(async () =>
            (await browser.Text("#upstreams")) is var upstreams && upstreams.Contains("local") && upstreams.Contains("healthy"),
                "upstreams are shown");
        await Go("cache");
        await Eventually.True(async () =>
            (await browser.Text("#caches")) is var caches && caches.Contains("ok") && caches.Contains("of 2.1 GB"), "caches are shown");
        await Go("audit?event=pull&repository=page%2Fapp");
        await Eventually.True(async () => (await browser.Text("#audit")) is var lines && lines.Contains("alice") && lines.Contains(":v1"),
            "who pulled is shown", TimeSpan.FromSeconds(60));
        await Go("explain?tenant=acme&subject=alice&repository=page%2Fapp");
        await browser.WaitFor("#explain-tenant");
        await browser.Evaluate("document.querySelector('form').requestSubmit(), ''");
        await Eventually.True(async () => (await browser.Text("#answer")).Contains("allowed"), "access is explained");
        await Go("tenants/acme");
        await Eventually.True(async () => (await browser.Text("#sessions")).Contains("alice"), "the session is shown");
        await Eventually.True(async () => (await browser.Text(".chart")).Contains("all"), "the last hour is drawn");

        var said = false;
        await Eventually.True(
            async () =>
            {
                await browser.Evaluate("document.querySelector('#sessions button[data-session]')?.click(), ''");
                await browser.Evaluate("document.querySelector('#confirm')?.click(), ''");
                said |= (await browser.Text("#notice")).Contains("alice has ended");
                return said && (await browser.Text("#sessions")).Contains("Nobody has a session");
            },
            "every session ends");
        using var refused = await alice.GetManifest("page/app", "v1");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("", await browser.Evaluate(
            "performance.getEntriesByType('resource').map(r => r.name).filter(n => !n.startsWith(location.origin)).join()"));

        Task Go(string place) => browser.Evaluate($"location.hash = '#/{place}', ''");
    }

    [Fact]
    public async Task The_dashboard_is_behind_the_token_and_closed_where_it_looks_inside()
    {
        var registry = await lab.BasicRegistry;
        await using var door = await FrontDoor.Start(Yaml(registry.Url));
        using (var alice = door.Client("alice"))
        using (var response = await alice.GetManifest("page/none", "v1"))
        {
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }

        using var http = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(door.AdminUrl) };
        foreach (var route in DashboardRoutes)
        {
            using var bare = await http.GetAsync($"/dashboard/{route}");
            Assert.Equal(HttpStatusCode.Unauthorized, bare.StatusCode);
        }

        http.DefaultRequestHeaders.Authorization = new("Bearer", Token);
        foreach (var route in DashboardRoutes)
        {
            using var response = await http.GetAsync($"/dashboard/{route}");
            var body = await response.Content.ReadAsStringAsync();
            var closed = route.StartsWith("Trace", StringComparison.Ordinal) || route.StartsWith("GrainState", StringComparison.Ordinal);
            Assert.True(response.StatusCode == (closed ? HttpStatusCode.Forbidden : HttpStatusCode.OK),
                $"{route}: {(int)response.StatusCode} {body[..Math.Min(200, body.Length)]}");
            Assert.DoesNotContain(DockerRegistry.Password, body);
            Assert.DoesNotContain(FrontDoor.PasswordOf("alice"), body);
        }
    }

    [Fact]
    public async Task A_browser_is_led_to_the_form_and_pages_of_other_sites_are_refused()
    {
        await using var door = await FrontDoor.Start(Yaml((await lab.BasicRegistry).Url));
        using var http = new HttpClient(
            new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(door.AdminUrl) };
        using var browser = new HttpRequestMessage(HttpMethod.Get, "/dashboard?x=1") { Headers = { { "Accept", "text/html" } } };
        using var led = await http.SendAsync(browser);
        Assert.Equal((HttpStatusCode.SeeOther, "/login?next=%2Fdashboard%3Fx%3D1"), (led.StatusCode, led.Headers.Location!.OriginalString));

        using var foreign = new HttpRequestMessage(
            HttpMethod.Post, "/login") { Content = Form(Token, "/"), Headers = { { "Origin", "https://evil.example" } } };
        Assert.Equal(HttpStatusCode.Forbidden, (await http.SendAsync(foreign)).StatusCode);
        foreach (var next in new[] { "//evil.example", "https://evil.example", "/\\evil.example" })
        {
            using var done = await http.PostAsync("/login", Form(Token, next));
            Assert.Equal("/", done.Headers.Location!.OriginalString);
            var cookie = Assert.Single(done.Headers.GetValues("Set-Cookie"));
            Assert.Contains("httponly", cookie);
            Assert.Contains("samesite=strict", cookie);
            Assert.DoesNotContain(Token, cookie);
        }

        foreach (var cookie in new[] { "x", "99999999999.00", ".", "-1.0", $"99999999999.{new string('0', 64)}" })
        {
            using var forged = new HttpRequestMessage(
                HttpMethod.Get, "/admin/overview") { Headers = { { "Cookie", $"registryproxy_admin={cookie}" } } };
            Assert.Equal(HttpStatusCode.Unauthorized, (await http.SendAsync(forged)).StatusCode);
        }
    }

    private static FormUrlEncodedContent Form(string token, string next) =>
        new(new Dictionary<string, string> { ["token"] = token, ["next"] = next });

    private static string Yaml(string url) => DoorConfiguration.Single(
        url, $", credentials: {{ type: basic, username: {DockerRegistry.User}, password: {{ value: {DockerRegistry.Password} }} }}",
        $"admin: {{ token: {{ value: {Token} }} }}\ncache: {{ path: cache, maxBytes: 2GiB }}");
}
