using System.Text.Json;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Browser;

/// <summary>What somebody does on the page for people.</summary>
internal static class PageVisit
{
    /// <summary>Logs in with a password.</summary>
    public static async Task LogIn(this Chromium browser, string user)
    {
        await browser.Evaluate($"location.hash = '#/', {Viewing.Drawn}");
        await browser.WaitFor("#login");
        await browser.Submit("#login", user);
        await browser.WaitFor("#you");
    }

    /// <summary>Opens the administration with a password.</summary>
    public static async Task Administer(this Chromium browser, string user)
    {
        await browser.Evaluate($"location.hash = '#/administration', {Viewing.Drawn}");
        await browser.WaitFor("#administer");
        await browser.Submit("#administer", user);
        await browser.WaitFor("nav[aria-label=administration]");
    }

    /// <summary>Makes a robot, in the view of them.</summary>
    public static async Task MakeRobot(this Chromium browser, string name = "ci")
    {
        await browser.FillIn("#new-robot input[name=name]", name);
        await browser.FillIn("#new-robot input[name=repositories]", "team/**");
        await browser.Evaluate("document.querySelector('#new-robot').requestSubmit(), ''");
        await browser.WaitFor("#secret");
    }

    /// <summary>Sends a form for a user name and a password.</summary>
    public static async Task Submit(this Chromium browser, string form, string user)
    {
        await browser.FillIn($"{form} input[name=user]", user);
        await browser.FillIn($"{form} input[name=password]", FrontDoor.PasswordOf(user));
        await browser.Evaluate($"document.querySelector({JsonSerializer.Serialize(form)}).requestSubmit(), {Viewing.Drawn}");
    }

    /// <summary>Types into a field that a script watches.</summary>
    public static async Task FillIn(this Chromium browser, string selector, string value)
    {
        await browser.Fill(selector, value);
        await browser.Evaluate(
            $"document.querySelector({JsonSerializer.Serialize(selector)}).dispatchEvent(new Event('input', {{ bubbles: true }})), " +
            Viewing.Drawn);
    }

    /// <summary>Shows a view, and waits for what it asked for; nothing of it may be missing.</summary>
    public static async Task GoTo(this Chromium browser, string view)
    {
        await browser.Evaluate($"location.hash = {JsonSerializer.Serialize($"#/{view}")}, {Viewing.Drawn}");
        await Eventually.True(
            async () => await browser.Evaluate(
                "document.querySelector('main h1') && !document.querySelector('.skeleton') ? 'done' : ''") == "done",
            $"{view} is shown");
        await browser.Evaluate(Viewing.Drawn);

        // Gateways of a cluster that has just begun are not all known at once.
        await Eventually.True(
            async () => await browser.Text("main [role=alert]") is not { Length: > 0 } alert
                || (alert.Contains("the cluster has just started") ? false : throw new InvalidOperationException($"{view}: {alert}")),
            $"{view} has what it asked for", TimeSpan.FromSeconds(60));
        Assert.Empty(browser.Faults);
    }
}
