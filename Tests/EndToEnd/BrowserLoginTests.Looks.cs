using System.Text.Json;
using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The pages of a login on a phone and on a desk, dark and light, for whoever hears them, and by keyboard alone.</summary>
public sealed partial class BrowserLoginTests
{
    /// <summary>As long as Entra's, and as hard to break.</summary>
    private const string LongSubject = "kT9mQ2vXw4ZbR7nLpS1dFgH3jK5yU8iO0aCeEqWrTyUiOpAsDfGhJkLzXcVbNm";

    [Theory]
    [InlineData(390, true)]
    [InlineData(390, false)]
    [InlineData(1400, true)]
    [InlineData(1400, false)]
    public async Task Every_page_of_a_login_is_whole_and_accessible(int width, bool isDark)
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider, people: "sso, sso2");
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(width, 900, isDark);
        await browser.Open($"{door.DataUrl}/login");
        await Check("a.button", "the choice of providers");
        await browser.Open($"{door.DataUrl}/login/callback");
        await Check("#problem", "what went wrong");
        await browser.Open($"{door.DataUrl}/login/device");
        await Check("input[name=user_code]", "the question for the code of a device");
        using var device = door.Client();
        await browser.Open(await Begin(device, ("scope", $"tenant:{door.Tenant}:administer")));
        await Check("#administration", "the confirmation of a device that is to administer");
        await browser.Open(await Begin(device));
        await Check(".code", "the confirmation of a device");
        await browser.Click("button");
        await FillForm(browser, LongSubject);
        await Check("#done", "the end of a device's login");
        await LogIn(browser, $"{door.DataUrl}/login?authenticator=sso", LongSubject);
        await Check("#command", "the line for docker");

        async Task Check(string shown, string what)
        {
            await browser.WaitFor(shown);
            await browser.LoadChecker();
            await browser.ShouldBeGood($"{what} at {width}, dark {isDark}");
        }
    }

    [Fact]
    public async Task The_keyboard_alone_logs_in_a_device_and_a_browser()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider);
        using var device = door.Client();
        var code = (await Begin(device)).Split("user_code=")[1];
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{door.DataUrl}/login/device");
        await browser.WaitFor("input[name=user_code]");
        await Eventually.True(
            async () => await browser.Evaluate("document.activeElement.name ?? ''") == "user_code", "the code can be typed at once");
        await browser.Type(code.ToLowerInvariant().Replace("-", ""));
        await browser.Press("Enter");
        await browser.PressElement("form[action='/login/device/confirm'] button");
        await Provide("#done");
        await browser.Open($"{door.DataUrl}/");
        await browser.PressElement("a[href='/login?for=page&authenticator=sso']");
        await Provide("#you");
        Assert.Equal("erin", await browser.Text("#you"));

        async Task Provide(string shown)
        {
            await browser.WaitFor("form[action='/authorize'] input[name=user]");
            await browser.TabToElement("input[name=user]");
            await browser.Type("erin");
            await browser.Press("Enter");
            await browser.WaitFor(shown);
        }
    }

    /// <summary>The page that a device asks a person to open.</summary>
    private static async Task<string> Begin(RegistryClient device, params (string Name, string Value)[] fields)
    {
        using var begun = await device.Http.PostAsync(
            "/login/device", new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));
        await begun.ShouldBe(System.Net.HttpStatusCode.OK);
        using var codes = JsonDocument.Parse(await begun.Content.ReadAsStringAsync());
        return codes.RootElement.GetProperty("verification_uri_complete").GetString()!;
    }
}
