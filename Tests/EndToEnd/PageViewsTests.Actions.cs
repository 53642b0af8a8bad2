using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What administrators do on the page, and what newcomers are told.</summary>
public sealed partial class PageViewsTests
{
    [Fact]
    public async Task Administrators_make_robots_and_explain_and_others_do_not_come_in()
    {
        await using var registry = await SeededRegistry.Start("ml-models");
        await using var door = await Door(registry);
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{door.DataUrl}/#/administration");
        await browser.WaitFor("#administer");
        await browser.Submit("#administer", "bob");
        await browser.WaitFor("#administer [role=alert]");
        await browser.Submit("#administer", "alice");
        await browser.WaitFor("nav[aria-label=administration]");
        await browser.GoTo("administration/robots");
        await browser.MakeRobot();
        Assert.Contains("robot$ci", await browser.Text("#secret"));
        await Eventually.True(async () => (await browser.Text("#robots")).Contains("robot$ci"), "the robot is listed");
        await browser.Click("[data-rotate=ci]");
        await browser.WaitFor("#confirm");
        await browser.Click("#confirm");
        await browser.WaitFor("#robots li:nth-child(2) [data-secret]");
        Assert.Contains("rpbot_", await browser.Text("#secret"));
        var older = await browser.Evaluate("document.querySelector('#robots li:nth-child(2) [data-secret]').dataset.secret");
        await browser.Click("#robots li:nth-child(2) [data-secret]");
        await browser.WaitFor("#confirm");
        await browser.Click("#confirm");
        await Eventually.True(async () => (await browser.Text("#notice")).Contains("has ended"), "the former password has ended");
        await Eventually.True(
            async () => await browser.Evaluate("String(document.querySelectorAll('[data-secret]').length)") == "0", "one is left");
        Assert.DoesNotContain($"\"{older}\"", await door.Admin($"/admin/robots?tenant={door.Tenant}"));
        Assert.Contains("rpbot_", await browser.Text("#secret"));
        await browser.Click("[data-robot=ci]");
        await browser.WaitFor("#confirm");
        await browser.Click("#confirm");
        await Eventually.True(async () => (await browser.Text("#robots")).Contains("There are no robots"), "it is revoked");
        await browser.GoTo("administration/explain");
        await browser.FillIn("#explain-subject", "alice");
        await browser.FillIn("#explain-repository", "team/app");
        await browser.Evaluate("document.querySelector('form').requestSubmit(), ''");
        await Eventually.True(async () => (await browser.Text("#answer")).Contains("allowed"), "access is explained");
        await browser.GoTo("administration/audit");
        await Eventually.True(async () => (await browser.Text("main")).Contains("robot-revoke"), "what was done is written down",
            TimeSpan.FromSeconds(60));
        await browser.FillIn("#audit-subject", "alice");
        await browser.FillIn("#audit-repository", "like/none");
        await Eventually.True(async () => (await browser.Text("main")).Contains("No line in memory is like this"), "lines are filtered");
        Assert.Empty(browser.Faults);
    }

    [Fact]
    public async Task Where_nobody_has_a_password_nobody_is_told_to_type_one()
    {
        await using var door = await FrontDoor.Start(null);
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Look(390, 900, true);
        await browser.Open($"{door.DataUrl}/");
        await browser.WaitFor("#without-login");
        Assert.Contains($"docker pull {door.Authority}/", await browser.Text("#without-login"));
        Assert.Equal("0", await browser.Evaluate("String(document.querySelectorAll('#with-docker .copy, #login').length)"));
        Assert.DoesNotContain("Podman", await browser.Text("main"));
        Assert.Contains("robot$name", await browser.Text("#with-docker"));
        await browser.LoadChecker();
        await browser.ShouldBeGood("the first page of the built-in configuration");
        await browser.GoTo("repositories");
        Assert.Contains($"docker pull {door.Authority}/", await browser.Text("#unlisted"));
        Assert.DoesNotContain("Log in", await browser.Text("main .note"));
    }
}
