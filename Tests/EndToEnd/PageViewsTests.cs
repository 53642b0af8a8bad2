using System.Text.Json;
using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Every view of the page for people in a real browser, over upstreams whose every text is markup: on a phone and on a desk, dark and
/// light, by keyboard alone, and for whoever hears it.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed partial class PageViewsTests
{
    private const string Hostile = SeededSilo.Hostile;

    private static readonly string[] Views =
    [
        "", "repositories", "repositories/team%2Fapp", "repositories/team%2Fapp/v1.4.2", "sessions", "administration/usage",
        "administration/upstreams", "administration/configuration", "administration/sessions",
        "administration/robots", "administration/explain", "administration/audit", "nothing",
    ];

    [Theory]
    [InlineData(390, true)]
    [InlineData(390, false)]
    [InlineData(1400, true)]
    [InlineData(1400, false)]
    public async Task Every_view_is_whole_accessible_and_harmless(int width, bool isDark)
    {
        await using var registry = await SeededRegistry.Start(Hostile);
        await using var door = await Door(registry);
        await using var browser = await Viewing.Of($"{door.DataUrl}/", "#login", width, isDark);
        await Check("before a login");
        await browser.LogIn("alice");
        await browser.Administer("alice");
        foreach (var view in Views)
        {
            await browser.GoTo(view);
            await Check(view);
        }

        await browser.ShouldBeWhole();
        Assert.Empty(browser.Faults);

        Task Check(string view) => browser.ShouldBeGood($"{view} at {width}, dark {isDark}");
    }

    [Fact]
    public async Task People_find_what_they_may_pull_and_nothing_else()
    {
        await using var registry = await SeededRegistry.Start("ml-models");
        await using var door = await Door(registry);
        using (var alice = door.Client("alice"))
        using (var pulled = await alice.GetManifest("hub/silent/thing", "latest"))
        {
            await pulled.ShouldBe(System.Net.HttpStatusCode.OK);
        }

        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(1400, 900, false);
        await browser.Open($"{door.DataUrl}/#/repositories");
        await browser.WaitFor("#repositories");
        Assert.Equal("platform/ingress", await browser.Text("#repositories tbody"));
        await browser.GoTo("repositories/team%2Fapp/v1.4.2");
        Assert.Contains("Without a login nobody may pull team/app", await browser.Text("main"));
        Assert.DoesNotContain("amd64", await browser.Text("main"));

        await browser.LogIn("alice");
        await browser.GoTo("repositories");
        Assert.Contains("team/app", await browser.Text("#repositories"));
        Assert.Contains("hub/silent/thing", await browser.Evaluate(
            "fetch('/page/v2/_catalog?n=1000', { headers: { 'X-Registryproxy-Page': '1' } }).then(answer => answer.text())"));
        Assert.Contains("what was pulled through its gateways", await browser.Text("#partial"));
        await browser.Evaluate("[...document.querySelectorAll('.pager button')].at(-1).click(), ''");
        await Eventually.True(async () => (await browser.Text("#repositories")).Contains("zoo/animal-59"), "the next page is shown");

        await browser.GoTo("repositories/team%2Fapp");
        Assert.Contains($"docker pull {door.Authority}/team/app:v1.4.2", await browser.Text("#tags"));
        Assert.Contains("signature", await browser.Text("#tags"));
        var pulls = registry.Pulls;
        await browser.GoTo("repositories/team%2Fapp/v1.4.2");
        Assert.Contains("linux/amd64", await browser.Text("#platforms"));
        Assert.DoesNotContain("31.2 MB", await browser.Text("#platforms"));
        Assert.Equal(pulls + 1, registry.Pulls);
        await browser.Click("#sizes");
        await Eventually.True(async () => (await browser.Text("#platforms")).Contains("29.8 MB"), "sizes are shown when they are wanted");
        Assert.Contains("31.2 MB", await browser.Text("#platforms"));
        Assert.Equal(pulls + 3, registry.Pulls);
        Assert.StartsWith("sha256:", await browser.Text("#digest"));
        Assert.Contains("SBOM", await browser.Text(".marks"));
        Assert.Contains("signature", await browser.Text(".marks"));
        Assert.Contains("attestation", await browser.Text("#referrers"));
        Assert.Contains("\"event\":\"pull\"", door.Log);

        await browser.GoTo("");
        await browser.Click("#logout");
        await browser.WaitFor("#login");
        await browser.GoTo("repositories");
        await browser.WaitFor("#repositories");
        Assert.DoesNotContain("team/app", await browser.Text("#repositories"));
    }

    [Fact]
    public async Task What_upstreams_send_is_text_and_makes_no_address()
    {
        await using var registry = await SeededRegistry.Start(Hostile);
        await using var door = await Door(registry);
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{door.DataUrl}/");
        await browser.WaitFor("#login");
        await browser.LogIn("alice");
        await browser.GoTo("repositories/team%2Fapp/v1.4.2");
        Assert.Contains(Hostile, await browser.Text("main"));
        await browser.Click("#sizes");
        await browser.WaitFor("#platforms td.number");
        await Eventually.True(async () => (await browser.Text("#referrers")).Contains(Hostile), "their words are shown");
        foreach (var view in new[]
            {
                $"repositories/{Uri.EscapeDataString(Hostile)}", $"repositories/team%2Fapp/{Uri.EscapeDataString(Hostile)}",
                $"repositories/{Uri.EscapeDataString("../admin")}/usage", $"repositories/team%2Fapp/{Uri.EscapeDataString("../../../me")}",
                "repositories/team%2Fapp/page", "repositories/team%2Fapp/html", "repositories/team%2Fapp/strange",
                Uri.EscapeDataString(Hostile),
            })
        {
            await browser.Evaluate($"location.hash = {JsonSerializer.Serialize($"#/{view}")}, {Viewing.Drawn}");
            await Eventually.True(
                async () => await browser.Evaluate("document.querySelector('.skeleton') ? '' : 'done'") == "done", $"{view} is shown");
            await browser.Evaluate(Viewing.Drawn);
            Assert.Equal("0", await browser.Evaluate("String(document.querySelectorAll('main img, main script, main iframe').length)"));
            Assert.Equal("", await browser.Evaluate("window.hurt ? 'a script ran' : ''"));
        }

        Assert.Equal("", await browser.Evaluate(
            "performance.getEntriesByType('resource').map(r => new URL(r.name)).filter(n => n.origin !== location.origin " +
            "|| !/^\\/page\\/(me|login|assets\\/|v2\\/)/.test(n.pathname)).join()"));
        Assert.Empty(browser.Faults);
    }

    [Fact]
    public async Task A_pushed_page_that_is_opened_runs_nothing()
    {
        await using var registry = await SeededRegistry.Start(Hostile);
        await using var door = await Door(registry);
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{door.DataUrl}/");
        await browser.WaitFor("#login");
        await browser.LogIn("alice");
        await browser.SendHeader("Authorization", RegistryClient.Basic("alice", FrontDoor.PasswordOf("alice")).ToString());
        Assert.False(await browser.Open($"{door.DataUrl}/v2/team/app/blobs/{registry.Html}"), "a blob is shown");
        Assert.True(await browser.Open($"{door.DataUrl}/v2/team/app/manifests/{registry.Xhtml}"));
        await Eventually.True(async () => await browser.Text("h1") == "pushed", "the pushed page is shown");
        Assert.Equal("quiet", await browser.Evaluate("document.title"));
        Assert.Equal("null", await browser.Evaluate("String(self.origin)"));
    }

    [Fact]
    public async Task The_keyboard_alone_logs_in_and_ends_a_session()
    {
        await using var registry = await SeededRegistry.Start("ml-models");
        await using var door = await Door(registry);
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(1400, 900, false);
        await browser.Open($"{door.DataUrl}/");
        await browser.WaitFor("#login");
        await browser.Press("Tab");
        Assert.Equal("Skip to content", await browser.Focused());
        await TabToField("user");
        await browser.Type("alice");
        await browser.Press("Tab");
        await browser.Type(FrontDoor.PasswordOf("alice"));
        await browser.Press("Enter");
        await browser.WaitFor("#you");
        await browser.Evaluate("document.activeElement.blur(), ''");
        await browser.TabTo("Your sessions");
        await browser.Press("Enter");
        await browser.WaitFor("#own-sessions [data-session]");
        Assert.Equal("H1", await browser.FocusedTag());
        await browser.TabTo("Revoke");
        await browser.Press("Enter");
        await browser.WaitFor("dialog[open]");
        await Eventually.True(
            async () =>
            {
                await browser.Press("Tab");
                return await browser.Evaluate("document.activeElement.id") == "confirm";
            },
            "the question can be answered");
        await browser.Press("Enter");
        await Eventually.True(async () => (await browser.Text(".foot")).Contains("Not logged in"), "the session has ended");

        async Task TabToField(string name)
        {
            for (var i = 0; i < 60 && await browser.Evaluate("document.activeElement.name ?? ''") != name; i++)
            {
                await browser.Press("Tab");
            }
        }
    }

    /// <summary>What docs/images/make.sh puts into the documents.</summary>
    [Fact]
    public async Task Pictures_for_the_documents_can_be_made()
    {
        var folder = Environment.GetEnvironmentVariable("REGISTRYPROXY_SCREENSHOTS");
        using var temporary = new TemporaryFolder();
        await using var registry = await SeededRegistry.Start("ml-models");
        await using var door = await FrontDoor.Start(Yaml(registry));
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(1280, 860, false);
        await browser.Open($"{door.DataUrl}/");
        await browser.WaitFor("#login");
        await browser.LogIn("alice");
        await browser.Administer("alice");
        await browser.GoTo("administration/robots");
        await browser.MakeRobot();
        foreach (var (name, view, width, height, isDark) in new[]
            {
                ("page", "repositories/team%2Fapp/v1.4.2", 1280, 900, false),
                ("page-administration", "administration/robots", 1280, 760, true),
                ("page-phone", "repositories/team%2Fapp", 390, 760, false),
            })
        {
            await browser.Look(width, height, isDark);
            await browser.GoTo(view);
            var file = Path.Combine(folder ?? temporary.Path, $"{name}.png");
            await browser.Screenshot(file);
            Assert.InRange(new FileInfo(file).Length, 10_000, 300_000);
        }
    }

    private static Task<LeasedDoor> Door(SeededRegistry registry) => LeasedDoors.Take(Yaml(registry));

    private static string Yaml(SeededRegistry registry) => $$"""
        upstreams:
          local: { url: "{{registry.Url}}", allowPrivate: true }
          silent: { url: "{{registry.SilentUrl}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            administrators: ["user:staff/alice"]
            routes: [{ prefix: "", upstream: local }, { prefix: hub, upstream: silent }]
            access:
              - { name: public, who: [anonymous], repositories: ["platform/**"], actions: [pull, catalog] }
              - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull, push, catalog] }
        """;
}
