using System.Text.Json;
using RegistryProxy.Tests.Documents;
using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

public sealed partial class BrowserLoginTests
{
    private const string Page = "docs/authenticators/people.md";

    /// <summary>The two that a device sends, and with what it got the one for the terminal.</summary>
    [Fact]
    [Types(Page, "echo TOKEN", "curl -X POST", "curl -d")]
    public async Task The_commands_of_the_page_log_a_machine_without_a_browser_in()
    {
        var page = TypedPage.Of(Page);
        var (line, begin, poll) = (page.Next(), page.Next(), page.Next());
        page.ShouldBeOver();
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider);
        using var typist = new Typist().Reads("https://docker.acme.example", door.DataUrl).Reads("docker.acme.example", door.Authority)
            .Reads("curl -", "curl -s -");
        await typist.HasDocker(await lab.Docker);
        using var codes = JsonDocument.Parse((await typist.Type(begin)).Output);
        typist.Reads("device_code=…", $"device_code={codes.RootElement.GetProperty("device_code").GetString()}");
        Assert.Contains("authorization_pending", (await typist.Type(poll)).Output);

        await using var browser = await Chromium.Start();
        await browser.Open(codes.RootElement.GetProperty("verification_uri_complete").GetString()!);
        await browser.WaitFor(".code");
        await browser.Click("button");
        await FillForm(browser, "erin");
        await browser.WaitFor("#done");
        using var granted = JsonDocument.Parse((await typist.Type(poll)).Output);
        var login = await typist.Reads("TOKEN", granted.RootElement.GetProperty("refresh_token").GetString()!).Type(line);
        login.ShouldSucceed();
        Assert.Contains("Login Succeeded", login.Output);
    }
}
