using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The operations page while silos break off, hang or refuse, and what is there again after a reload and a step back.</summary>
[Collection(BrowserCollection.Name)]
public sealed class OperatorPageFaultsTests
{
    [Theory]
    [InlineData(true, "the answer of the silo ended too early", "the silo does not answer")]
    [InlineData(false, "the silo has not answered for 10 seconds")]
    public async Task Answers_that_break_off_or_do_not_come_are_told_and_the_page_goes_on(bool isCut, params string[] reasons)
    {
        // A reset may overtake what was sent before it.
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{silo.Url}/");
        await browser.WaitFor("#problems .problem");
        Assert.StartsWith("As of ", await browser.Text(".as-of"));
        (silo.IsCut, silo.IsHanging) = (isCut, !isCut);
        await Eventually.True(
            async () => await browser.Text(".note.warning") is var text && reasons.Any(reason => text.Contains($"What you see is old: {reason}")),
            "that the data is old is told");
        await browser.Evaluate("location.hash = '#/upstreams', ''");
        await Eventually.True(
            async () => await browser.Text("[role=alert]") is var text && reasons.Any(text.Contains), "the next view says why it is not there");
        (silo.IsCut, silo.IsHanging) = (false, false);
        await browser.WaitFor("#upstreams");
        await browser.Evaluate("location.hash = '#/', ''");
        await browser.WaitFor("#problems .problem");
        Assert.Empty(browser.Faults);
    }

    [Fact]
    public async Task Lines_of_one_tenant_are_never_shown_under_the_name_of_another()
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{silo.Url}/#/audit?tenant=acme");
        await Eventually.True(async () => (await browser.Text("#audit")).Contains("alice-of-acme"), "lines of acme are shown");
        silo.IsFailing = true;
        await Input(browser, "audit-tenant", "team-001");
        await Eventually.True(
            async () => await browser.Evaluate("String(document.querySelector('#audit'))") == "null", "lines of acme are gone");
        silo.IsFailing = false;
        await Eventually.True(async () => (await browser.Text("#audit")).Contains("alice-of-team-001"), "lines of the other are shown");
        Assert.DoesNotContain("alice-of-acme", await browser.Text("#audit"));
        Assert.Contains("for tenant team-001", await browser.Text("#completeness"));
        Assert.Equal("#/audit?tenant=team-001", await browser.Evaluate("location.hash"));
    }

    [Fact]
    public async Task Refusals_of_all_lead_to_the_tenants_that_are_refused_most()
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{silo.Url}/");
        await browser.WaitFor("#problems .problem");
        await browser.Evaluate("[...document.querySelectorAll('.tile')].find(tile => tile.textContent.startsWith('Refused')).click(), ''");
        await browser.WaitFor("#tenants");
        Assert.True(silo.IsAsked("/admin/tenants?sort=refused&order=desc"));
    }

    [Fact]
    public async Task What_was_searched_and_sorted_is_there_again_after_a_step_back_and_a_reload()
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{silo.Url}/#/tenants");
        await browser.WaitFor("#tenants");
        await Input(browser, "search", "team-04");
        await Eventually.True(async () => (await browser.Text(".pager")).StartsWith("10 ", StringComparison.Ordinal), "ten are found");
        await browser.Evaluate("document.querySelector('#tenants tbody a').click(), ''");
        await browser.WaitFor("#sessions");
        await browser.Evaluate("history.back(), ''");
        await Eventually.True(async () => (await browser.Text(".pager")).StartsWith("10 ", StringComparison.Ordinal), "they are back");
        await browser.Evaluate("document.before = true, location.reload(), ''");
        await Eventually.True(
            async () => await browser.Evaluate("document.before ? 'before' : document.querySelector('#search')?.value ?? ''") == "team-04",
            "what was searched is there");
        await Eventually.True(async () => (await browser.Text(".pager")).StartsWith("10 ", StringComparison.Ordinal), "ten are there");
    }

    [Fact]
    public async Task A_phone_has_every_action_and_the_focus_comes_back_from_a_question()
    {
        await using var silo = await SeededSilo.Start();
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(390, 800, false);
        await browser.Open($"{silo.Url}/#/tenants/acme");
        await browser.WaitFor("#sessions [data-session]");
        Assert.Equal("", await browser.Evaluate(
            "[...document.querySelectorAll('#sessions td, #sessions td button')].filter(one => !one.checkVisibility())" +
            ".map(one => one.textContent).join()"));
        await browser.Evaluate("document.querySelector('#sessions [data-session]').focus(), ''");
        await browser.Press("Enter");
        await browser.WaitFor("dialog[open]");
        await browser.Evaluate("document.querySelector('#cancel').focus(), ''");
        await browser.Press("Enter");
        await Eventually.True(
            async () => await browser.Evaluate("document.activeElement.dataset.session ?? ''") == "session-0", "the focus is where it was");
    }

    private static Task<string> Input(Chromium browser, string id, string text) => browser.Evaluate(
        $"document.querySelector('#{id}').value = '{text}', " +
        $"document.querySelector('#{id}').dispatchEvent(new Event('input', {{ bubbles: true }})), ''");
}
