using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// What the page for people shows in the middle of something, over a busy tenant that its administrators keep: on a phone and on a desk,
/// dark and light, and for whoever hears it.
/// </summary>
[Collection(BrowserCollection.Name)]
public sealed class PageStatesTests(ManagedDoor managed) : IClassFixture<ManagedDoor>
{
    /// <summary>A view, what is done there, and what is shown then.</summary>
    private static readonly (string View, string Act, string Shown)[] States =
    [
        ("administration/usage", "document.querySelector('.numbers summary').click()", ".numbers[open] table"),
        ("administration/usage", "", "#pulls a[href]"),
        ("administration/upstreams", "", "#upstreams .bad"),
        ("administration/upstreams/acme%2Fown", "", ".chart"),
        ("administration/configuration", "", "#versions [data-version]"),
        ("administration/configuration", Typed("[pull, push, catalog]", "[pul]") + Clicked("#check"), "#configuration-errors button"),
        ("administration/configuration", Typed("[pul]", "[pull]") + Clicked("#save"), "dialog[open] #asked-difference"),
        ("administration/configuration", "document.querySelector('#undo').click()", "#configuration"),
        ("administration/configuration", "document.querySelector('[data-version]').click()", "dialog[open] #asked-difference"),
        ("administration/sessions", "", ".pager button"),
        ("administration/sessions", "document.querySelector('#sessions [data-session]').click()", "dialog[open] #confirm"),
        ("administration/robots", "", "#new-robot"),
        ("administration/explain", Filled("#explain-subject", "bob") + Filled("#explain-repository", "team/app")
            + "document.querySelector('form').requestSubmit()", "#answer .verdict"),
        ("administration/audit", "document.querySelector('#audit .open').click()", "#audit .details"),
        ("repositories/team%2Fapp/v1.4.2", "document.querySelector('#sizes').click()", "#platforms"),
        ("sessions", "document.querySelector('#own-sessions [data-session]').click()", "dialog[open] #confirm"),
        ("sessions", "window.fetch = () => Promise.reject(new TypeError('away'))", "main .note.warning"),
    ];

    [Theory]
    [InlineData(390, true)]
    [InlineData(390, false)]
    [InlineData(1400, true)]
    [InlineData(1400, false)]
    public async Task Every_state_is_whole_accessible_and_harmless(int width, bool isDark)
    {
        await using var browser = await Viewing.Of($"{managed.Door.DataUrl}/#/repositories/team%2Fapp", "main .note.warning", width, isDark);
        await browser.ShouldBeGood("what nobody may pull without a login");
        await browser.LogIn("alice");
        await browser.Administer("alice");
        await ShowRobot(browser, $"ci-{width}-{(isDark ? "dark" : "light")}");
        foreach (var (view, act, shown) in States)
        {
            await browser.Evaluate($"document.querySelector('dialog[open]')?.close(), {Viewing.Drawn}");
            await browser.Evaluate($"location.hash = '#/{view}', {Viewing.Drawn}");
            await Eventually.True(
                async () => await browser.Evaluate("document.querySelector('.skeleton') ? '' : 'done'") == "done", $"{view} is shown");
            await browser.Evaluate($"(async () => {{ {act} }})().then(() => {Viewing.Drawn})");
            await browser.WaitFor(shown);
            await browser.ShouldBeGood($"{view} after {act} at {width}, dark {isDark}");
        }

        Assert.Empty(browser.Faults);
    }

    [Fact]
    public async Task The_keyboard_alone_administers()
    {
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(1400, 900, false);
        await browser.Open($"{managed.Door.DataUrl}/#/administration");
        await browser.WaitFor("#administer");
        await TypeInto(browser, "#administer input[name=user]", "alice");
        await TypeInto(browser, "#administer input[name=password]", FrontDoor.PasswordOf("alice"));
        await browser.Press("Enter");
        await browser.PressElement("a[href='#/administration/robots']");
        await Robot(browser);
        await browser.PressElement("a[href='#/administration/sessions']");
        await browser.WaitFor("#sessions [data-session]");
        await TypeInto(browser, "#session-search", "bob");
        await Eventually.True(async () => (await browser.Text(".pager")).Contains("of 20"), "they are found");
        await browser.PressElement(".pager button:last-of-type");
        await Eventually.True(async () => (await browser.Text(".pager")).Contains("26–50"), "the next ones are shown");
        await browser.PressElement("#sessions [data-session]");
        await browser.PressElement("dialog #confirm");
        await Eventually.True(async () => (await browser.Text("#notice")).Contains("The session of bob has ended"), "it has ended");
        await browser.PressElement("a[href='#/administration/configuration']");
        await browser.WaitFor("#configuration");
        await TypeInto(browser, "#configuration", "# by keyboard\n");
        await browser.PressElement("#check");
        await browser.WaitFor("#checked");
        await browser.PressElement("#save");
        await browser.PressElement("dialog #confirm");
        await Eventually.True(
            async () => (await browser.Text("#configuration-notice")).Contains("is in use"), "what was typed is in use or was before");
        await browser.PressElement("a[href='#/administration/audit']");
        await browser.PressElement("#audit .open");
        await browser.WaitFor("#audit .details");
        Assert.Empty(browser.Faults);
    }

    [Fact]
    public async Task Operators_see_the_part_that_administrators_keep_and_take_it_back()
    {
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(1400, 900, false);
        await browser.Open($"{managed.Door.AdminUrl}/#/tenants/acme");
        await browser.WaitFor("#configuration");
        Assert.Contains("own.example", await browser.Evaluate("document.querySelector('#configuration').value"));
        foreach (var told in new[] { "acme/own", "user:staff/alice", "broken", "Its administrators keep" })
        {
            Assert.Contains(told, await browser.Text("#part"));
        }

        await browser.WaitFor("[data-version='1']");
        await browser.Click("[data-version='1']");
        await browser.WaitFor("dialog[open] #asked-difference");
        await browser.Click("#confirm");
        await Eventually.True(
            async () => (await browser.Text("#configuration-notice")).Contains("is in use"), "the first version is in use again");
        Assert.Equal(ManagedDoor.Part, await browser.Evaluate("document.querySelector('#configuration').value"));
        Assert.Empty(browser.Faults);
    }

    /// <summary>Makes one, gives it a new password, ends the former, and revokes it; the focus is never lost.</summary>
    private static async Task Robot(Chromium browser)
    {
        await browser.WaitFor("#new-robot");
        await TypeInto(browser, "#new-robot input[name=name]", "keys");
        await TypeInto(browser, "#new-robot input[name=repositories]", "team/**");
        await browser.Press("Enter");
        await browser.PressElement("#secret .copy button");
        await browser.PressElement("[data-rotate=keys]");
        await browser.PressElement("dialog #confirm");
        const string Former = "tr:has([data-robot=keys]) li:nth-child(2) [data-secret]";
        await browser.PressElement(Former);
        await browser.PressElement("dialog #confirm");
        await Eventually.True(async () => (await browser.Text("#notice")).Contains("has ended"), "the former password has ended");
        await Eventually.True(async () => await browser.Evaluate("document.activeElement.id") == "notice", "the focus is at what was done");
        await browser.PressElement("[data-robot=keys]");
        await browser.PressElement("dialog #confirm");
        await Eventually.True(async () => (await browser.Text("#notice")).Contains("is revoked"), "it is revoked");
        await Eventually.True(async () => await browser.Evaluate("document.activeElement.id") == "notice", "the focus is at what was done");
    }

    private static async Task TypeInto(Chromium browser, string selector, string text)
    {
        await browser.TabToElement(selector);
        await browser.Type(text);
    }

    private static async Task ShowRobot(Chromium browser, string name)
    {
        await browser.GoTo("administration/robots");
        await browser.MakeRobot(name);
        await browser.WaitFor($"[data-rotate={name}]");
        await browser.ShouldBeGood("the password of a robot");
        await browser.Click($"[data-rotate={name}]");
        await browser.WaitFor("dialog[open] #confirm");
        await browser.ShouldBeGood("the question for a new one");
        await browser.Click("#confirm");
        await browser.WaitFor($"tr:has([data-robot={name}]) [data-secret]");
        await browser.ShouldBeGood("two passwords");
    }

    private static string Filled(string selector, string value) =>
        $"{{ const field = document.querySelector('{selector}'); field.value = '{value}'; " +
        $"field.dispatchEvent(new Event('input', {{ bubbles: true }})); await {Viewing.Drawn}; }} ";

    private static string Typed(string before, string after) =>
        $"{{ const field = document.querySelector('#configuration'); field.value = field.value.replace('{before}', '{after}'); " +
        $"field.dispatchEvent(new Event('input', {{ bubbles: true }})); await {Viewing.Drawn}; }} ";

    private static string Clicked(string selector) => $"document.querySelector('{selector}').click();";
}
