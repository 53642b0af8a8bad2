using System.Text.Json;
using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// What the operations page and its login show in the middle of something: on a phone and on a desk, dark and light, for whoever hears it,
/// and what the keyboard alone does there.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class OperatorStatesTests
{
    private const string Token = "canary-admin-token";

    /// <summary>A view, what is done there, and what is shown then.</summary>
    private static readonly (string View, string Act, string Shown)[] States =
    [
        ("tenants/team-001", "", "#configuration"),
        ("tenants/team-001", "document.querySelector('[data-version]').click()", "dialog[open] #asked-difference"),
        ("tenants/team-003", "document.querySelector('.numbers summary').click()", ".numbers[open] table"),
        ("tenants/team-003", "document.querySelector('#sessions [data-session]').click()", "dialog[open] #confirm"),
        ("audit", "document.querySelector('#audit .open').click()", "#audit .details"),
        ("explain?tenant=acme&repository=team/app", "document.querySelector('form').requestSubmit()", "#answer .verdict"),
        ("upstreams/ghcr", "document.querySelector('.numbers summary').click()", ".numbers[open] table"),
        ("cache", "document.querySelector('#caches th .sort').click()", "#caches [aria-sort]"),
    ];

    [Theory]
    [InlineData(390, true)]
    [InlineData(390, false)]
    [InlineData(1400, true)]
    [InlineData(1400, false)]
    public async Task Every_state_is_whole_accessible_and_harmless(int width, bool isDark)
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Viewing.Of($"{silo.Url}/", "#problems .problem", width, isDark);
        foreach (var (view, act, shown) in States)
        {
            await browser.Evaluate($"document.querySelector('dialog[open]')?.close(), {Viewing.Drawn}");
            await browser.Evaluate($"location.hash = {JsonSerializer.Serialize($"#/{view}")}, {Viewing.Drawn}");
            await Eventually.True(
                async () => await browser.Evaluate("document.querySelector('.skeleton') ? '' : 'done'") == "done", $"{view} is shown");
            await browser.Evaluate($"{(act.Length > 0 ? act : "0")}, {Viewing.Drawn}");
            await browser.WaitFor(shown);
            await browser.ShouldBeGood($"{view} after {act} at {width}, dark {isDark}");
        }

        silo.IsFailing = true;
        await Eventually.True(async () => (await browser.Text("main")).Contains("What you see is old"), "what is shown is old");
        await browser.ShouldBeGood("what is old");
        Assert.Empty(browser.Faults);
    }

    [Fact]
    public async Task Of_many_processes_those_in_trouble_come_first_and_every_table_is_sorted()
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(1400, 900, false);
        await browser.Open($"{silo.Url}/");
        await browser.WaitFor("#processes");
        Assert.Equal("10", await Rows("#processes"));
        Assert.Contains("gateway-2■ silent", await First("#processes"));
        await browser.Click("a[href='#/cluster']:not(nav a)");
        await browser.WaitFor("#version");
        Assert.Equal("104", await Rows("#processes"));
        Assert.Contains("gateway-2■ silent", await First("#processes"));
        await Sort("#processes", 1);
        await Sort("#processes", 1);
        Assert.Contains("silo", await First("#processes"));
        await browser.Evaluate($"location.hash = '#/cache', {Viewing.Drawn}");
        await browser.WaitFor("#caches");
        Assert.Contains("bypassed", await First("#caches"));
        await Sort("#caches", 1);
        Assert.Contains("gateway-0:1", await First("#caches"));
        await browser.Evaluate($"location.hash = '#/tenants', {Viewing.Drawn}");
        await browser.WaitFor("#tenants");
        await Sort("#tenants", 2);
        await Eventually.True(() => silo.IsAsked("/admin/tenants?sort=state&order=desc"), "the silo sorts by what is wrong");

        Task<string> Rows(string table) => browser.Evaluate($"String(document.querySelectorAll('{table} tbody tr').length)");
        Task<string> First(string table) => browser.Evaluate($"document.querySelector('{table} tbody tr').textContent");
        Task Sort(string table, int column) =>
            browser.Evaluate($"document.querySelector('{table} th:nth-child({column}) .sort').click(), {Viewing.Drawn}");
    }

    [Fact]
    public async Task The_login_is_whole_and_accessible_and_typed_into_at_once()
    {
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single("http://127.0.0.1:9", extra: $"admin: {{ token: {{ value: {Token} }} }}"));
        foreach (var (width, isDark) in new[] { (390, true), (390, false), (1400, true), (1400, false) })
        {
            await using var browser = await Chromium.Start(scripts: true);
            await browser.Look(width, 900, isDark);
            await browser.Open($"{door.AdminUrl}/");
            await browser.WaitFor("form[action='/login']");
            await browser.LoadChecker();
            await browser.ShouldBeGood($"the login at {width}, dark {isDark}");
            await Eventually.True(
                async () => await browser.Evaluate("document.activeElement.name ?? ''") == "token", "the token can be typed at once");
            await browser.Type("a guess");
            await browser.Press("Enter");
            await Eventually.True(async () => (await browser.Text("#problem")).Length > 0, "what is wrong is said");
            await browser.LoadChecker();
            await browser.ShouldBeGood($"a wrong token at {width}, dark {isDark}");
            await browser.TabToElement("input[name=token]");
            await browser.Type(Token);
            await browser.Press("Enter");
            await browser.WaitFor("#problems");
        }
    }

    [Fact]
    public async Task The_keyboard_alone_sorts_turns_filters_opens_and_explains()
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(1400, 900, false);
        await browser.Open($"{silo.Url}/#/tenants");
        await browser.PressElement("#tenants th:nth-child(5) .sort");
        await browser.WaitFor("#tenants th:nth-child(5)[aria-sort=descending]");
        await Eventually.True(() => silo.IsAsked("/admin/tenants?sort=refused&order=desc"), "the silo sorts");
        await browser.PressElement(".pager button:last-of-type");
        await Eventually.True(async () => (await browser.Text("main")).Contains("51–100 of 1,000"), "the next page is shown");
        await browser.PressElement(".pager button:first-of-type");
        await Eventually.True(async () => (await browser.Text("main")).Contains("1–50 of 1,000"), "and the one before");

        await browser.Open($"{silo.Url}/#/audit?tenant=acme");
        await browser.PressElement("#audit .open");
        await browser.WaitFor("#audit .details");
        await browser.TabToElement("#audit-subject");
        await browser.Type("alice");
        await Eventually.True(() => silo.IsAsked("/admin/audit?tenant=acme&subject=alice"), "the silo looks for them");
        await browser.TabToElement("#audit-decision");
        await browser.PressElement("#audit-clear");
        await Eventually.True(async () => await browser.Evaluate("document.querySelector('#audit-subject').value") == "", "all is cleared");

        await browser.Open($"{silo.Url}/#/explain");
        await browser.WaitFor("#explain-tenant");
        await browser.TabToElement("#explain-tenant");
        await browser.Type("acme");
        await browser.TabToElement("#explain-repository");
        await browser.Type("team/app");
        await browser.Press("Enter");
        await browser.WaitFor("#answer .verdict");

        await browser.Open($"{silo.Url}/#/cache");
        await browser.PressElement("#caches th:nth-child(5) .sort");
        await browser.WaitFor("#caches th:nth-child(5)[aria-sort=descending]");
        await browser.Open($"{silo.Url}/#/tenants/team-003");
        await browser.PressElement("[aria-label^='Revoke all']");
        await browser.WaitFor("dialog[open]");
        await browser.PressElement("#confirm");
        await Eventually.True(async () => (await browser.Text("#notice")).Contains("All sessions of"), "they have ended");
        Assert.Equal(1, silo.Revocations);
        Assert.Empty(browser.Faults);
    }
}
