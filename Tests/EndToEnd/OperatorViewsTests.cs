using System.Diagnostics;
using System.Text.Json;
using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Every view of the operations page over a large cluster on a bad day: on a phone and on a desk, dark and light, by keyboard alone, and
/// for whoever hears it.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class OperatorViewsTests
{
    private static readonly string[] Views =
        ["", "tenants", "tenants/team-003", "upstreams", "upstreams/ghcr", "audit", "explain?tenant=acme", "cache", "cluster", "nothing"];

    [Theory]
    [InlineData(390, true)]
    [InlineData(390, false)]
    [InlineData(1400, true)]
    [InlineData(1400, false)]
    public async Task Every_view_is_whole_accessible_and_harmless(int width, bool isDark)
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Viewing.Of($"{silo.Url}/", "#problems .problem", width, isDark);
        foreach (var view in Views)
        {
            await Go(browser, view);
            await browser.ShouldBeGood($"{view} at {width}, dark {isDark}");
        }

        await browser.ShouldBeWhole();
    }

    [Fact]
    public async Task Markup_in_names_is_text_wherever_it_is_shown()
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(1400, 900, false);
        await browser.Open($"{silo.Url}/");
        await browser.WaitFor("#problems .problem");
        foreach (var view in new[] { "", "tenants", "tenants/team-003", "upstreams", "audit", $"tenants/{Uri.EscapeDataString(SeededSilo.Hostile)}",
            $"upstreams/{Uri.EscapeDataString(SeededSilo.Hostile)}", $"explain?tenant={Uri.EscapeDataString(SeededSilo.Hostile)}" })
        {
            await Go(browser, view);
            if (view.StartsWith("explain", StringComparison.Ordinal))
            {
                await browser.Evaluate(
                    "document.querySelector('#explain-repository').value = 'team/app', " +
                    "document.querySelector('#explain-repository').dispatchEvent(new Event('input', { bubbles: true })), ''");
                await Eventually.True(async () =>
                {
                    await browser.Evaluate("document.querySelector('form').requestSubmit(), ''");
                    return (await browser.Text("#answer")).Contains("denied");
                }, "access is explained");
            }

            Assert.Contains(SeededSilo.Hostile, await browser.Text("main"));
            Assert.Equal("0", await browser.Evaluate("String(document.querySelectorAll('main img, main script, main iframe').length)"));
            Assert.Equal("", await browser.Evaluate("window.hurt ? 'a script ran' : ''"));
        }
    }

    [Fact]
    public async Task The_keyboard_alone_searches_a_tenant_and_ends_a_session()
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(1400, 900, false);
        await browser.Open($"{silo.Url}/");
        await browser.WaitFor("#problems .problem");
        await browser.Press("Tab");
        Assert.Equal("Skip to content", await browser.Focused());
        await browser.TabTo("Tenants");
        await browser.Press("Enter");
        await Eventually.True(async () => await browser.Focused() == "Tenants" && await browser.FocusedTag() == "H1", "the heading is next");
        await browser.Press("Tab");
        Assert.Equal("search", await browser.Evaluate("document.activeElement.id"));
        await browser.Type("team-042");
        await Eventually.True(
            async () => await browser.Evaluate("String(document.querySelectorAll('#tenants tbody tr').length)") == "1", "one is found");
        await browser.TabTo("team-042");
        await browser.Press("Enter");
        await browser.WaitFor("#sessions [data-session]");
        await browser.TabTo("Revoke");
        await browser.Press("Enter");
        await browser.WaitFor("dialog[open]");
        await browser.Press("Escape");
        await Eventually.True(async () => await browser.Evaluate("document.querySelector('dialog') ? 'open' : ''") == "", "it is not done");
        Assert.Equal(0, silo.Revocations);
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
        await Eventually.True(async () => (await browser.Text("#notice")).Contains("has ended"), "the session has ended");
        Assert.Equal(1, silo.Revocations);
    }

    [Fact]
    public async Task Sessions_are_turned_page_by_page_and_a_search_begins_at_the_first()
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(390, 900, true);
        await browser.Open($"{silo.Url}/#/tenants/team-003");
        await browser.WaitFor("#sessions [data-session='session-0']");
        Assert.Equal("25", await browser.Evaluate("String(document.querySelectorAll('#sessions tbody tr').length)"));
        await browser.Evaluate("[...document.querySelectorAll('.pager button')].at(-1).click(), ''");
        await browser.WaitFor("#sessions [data-session='session-25']");
        Assert.Contains("26–50 of 200", await browser.Text("main"));
        await browser.Evaluate("document.querySelector('#session-search').focus(), ''");
        await browser.Type("user-19");
        await Eventually.True(() => silo.IsAsked("/admin/sessions?tenant=team-003&search=user-19&offset=0"), "the silo searches");
        await browser.WaitFor("#sessions [data-session='session-199']");
        Assert.Contains("11 in all", await browser.Text("main"));
    }

    [Fact]
    public async Task A_thousand_tenants_are_shown_sorted_and_turned_at_once()
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(1400, 900, false);
        await browser.Open($"{silo.Url}/");
        await browser.WaitFor("#problems .problem");
        await Go(browser, "tenants");
        Assert.Contains("1–50 of 1,000", await browser.Text("main"));
        Assert.Equal("50", await browser.Evaluate("String(document.querySelectorAll('#tenants tbody tr').length)"));
        await browser.Evaluate("[...document.querySelectorAll('.pager button')].at(-1).click(), ''");
        await Eventually.True(async () => (await browser.Text("main")).Contains("51–100 of 1,000"), "the next page is shown");
        await browser.Evaluate("document.querySelector('#tenants th button').click(), ''");
        await Eventually.True(
            async () => await browser.Evaluate("document.querySelector('#tenants th').getAttribute('aria-sort') ?? ''") == "ascending",
            "the order is said");
        await Eventually.True(() => silo.IsAsked("/admin/tenants?sort=name&order=asc&offset=0"), "the silo sorts");
        await Go(browser, "upstreams");
        Assert.Contains("ghcr", await browser.Evaluate("document.querySelector('#upstreams tbody tr').textContent"));
        var began = Stopwatch.GetTimestamp();
        await browser.Evaluate("document.querySelector('#upstreams th button').click(), new Promise(done => requestAnimationFrame(() => done('')))");
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task What_cannot_be_loaded_says_why_and_comes_back_by_itself()
    {
        await using var silo = await SeededSilo.Start();
        silo.IsFailing = true;
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{silo.Url}/");
        await Eventually.True(async () => (await browser.Text("[role=alert]")).Contains("the cluster cannot do this now"), "the reason is shown");
        silo.IsFailing = false;
        await browser.WaitFor("#problems .problem");
        silo.IsFailing = true;
        await Eventually.True(
            async () => (await browser.Text(".note.warning")).Contains("What you see is old: the cluster cannot do this now"),
            "what was there stays, and is said to be old");
        Assert.Contains("upstream ghcr", await browser.Text("#problems"));
    }

    /// <summary>What docs/images/make.sh puts into the documents.</summary>
    [Fact]
    public async Task Pictures_for_the_documents_can_be_made()
    {
        var folder = Environment.GetEnvironmentVariable("REGISTRYPROXY_SCREENSHOTS");
        using var temporary = new TemporaryFolder();
        await using var silo = await SeededSilo.Start("ml-models");
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{silo.Url}/");
        foreach (var (name, view, width, height, isDark) in new[]
            {
                ("operators", "", 1280, 860, false), ("operators-tenant", "tenants/acme", 1280, 860, true),
                ("operators-phone", "upstreams", 390, 760, false),
            })
        {
            await browser.Look(width, height, isDark);
            await Go(browser, view);
            var file = Path.Combine(folder ?? temporary.Path, $"{name}.png");
            await browser.Screenshot(file);
            Assert.InRange(new FileInfo(file).Length, 10_000, 300_000);
        }
    }

    /// <summary>Shows a view, and waits for what it asked for; nothing of it may be missing.</summary>
    private static async Task Go(Chromium browser, string view)
    {
        await browser.Evaluate($"location.hash = {JsonSerializer.Serialize($"#/{view}")}, {Viewing.Drawn}");
        var heading = HeadingOf(view);
        await Eventually.True(
            async () => await browser.Text("main h1") == heading
                && await browser.Evaluate("String(document.querySelector('.skeleton'))") == "null",
            $"'{heading}' is shown for {view}");
        await browser.Evaluate(Viewing.Drawn);
        Assert.Equal("", await browser.Text("main [role=alert]"));
        Assert.Empty(browser.Faults);
    }

    private static string HeadingOf(string view) => view.Split('?')[0].Split('/') switch
    {
        [_, var name] => Uri.UnescapeDataString(name),
        [""] => "Overview",
        ["tenants"] => "Tenants",
        ["upstreams"] => "Upstreams",
        ["audit"] => "Audit log",
        ["explain"] => "Explain access",
        ["cache"] => "Cache",
        ["cluster"] => "Cluster",
        _ => "There is no such page",
    };
}
