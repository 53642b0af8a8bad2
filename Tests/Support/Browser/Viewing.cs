using System.Globalization;
using System.Text.Json;

namespace RegistryProxy.Tests.Support.Browser;

/// <summary>Looks at pages as people do: with a checker of accessibility, and with the keyboard alone.</summary>
internal static class Viewing
{
    /// <summary>A script that ends when what changed is drawn.</summary>
    public const string Drawn = "new Promise(done => setTimeout(() => requestAnimationFrame(() => done('')), 100))";

    private static readonly string Axe = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "registryproxy-tests", "axe", "axe.min.js");

    /// <summary>A browser of a width, dark or light, that shows a page; the checker is loaded.</summary>
    /// <param name="address">The page.</param>
    /// <param name="shown">What is there once it is shown.</param>
    /// <param name="width">In pixels.</param>
    /// <param name="isDark">Whether people like it dark.</param>
    public static async Task<Chromium> Of(string address, string shown, int width, bool isDark)
    {
        var browser = await Chromium.Start(scripts: true);
        try
        {
            await browser.Look(width, 900, isDark);
            await browser.Open(address);
            await browser.WaitFor(shown);
            await browser.LoadChecker();
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether the page has all of its files, and asked nobody else for any.</summary>
    public static async Task ShouldBeWhole(this Chromium browser)
    {
        Assert.Equal("", await browser.MissingFiles());
        Assert.Equal("", await browser.Evaluate(
            "performance.getEntriesByType('resource').map(r => r.name).filter(n => !n.startsWith(location.origin)).join()"));
    }

    /// <summary>Loads the checker into the page that is shown.</summary>
    public static async Task LoadChecker(this Chromium browser) => await browser.Evaluate($"{await File.ReadAllTextAsync(Axe)}\n;''");

    /// <summary>What the checker calls serious or critical; empty for nothing.</summary>
    public static Task<string> SeriousProblems(this Chromium browser) => browser.Evaluate(
        "axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations" +
        ".filter(one => one.impact === 'serious' || one.impact === 'critical')" +
        ".map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')}`).join('\\n'))");

    /// <summary>Whether what is shown is whole, accessible and harmless.</summary>
    /// <param name="browser">Where it is shown; the checker is loaded.</param>
    /// <param name="state">What it is, for who reads of a failure.</param>
    public static async Task ShouldBeGood(this Chromium browser, string state)
    {
        Assert.Equal("", await browser.Evaluate("window.hurt ? 'a script ran' : ''"));
        Assert.True(await browser.Evaluate("String(document.documentElement.scrollWidth <= innerWidth)") == "true", $"{state} is too wide");
        Assert.True(await browser.SeriousProblems() is var problems && problems == "", $"{state}: {problems}");
    }

    /// <summary>Goes on by the keyboard until what a selector names has the focus.</summary>
    public static async Task TabToElement(this Chromium browser, string selector)
    {
        var isThere = $"String(document.activeElement.matches({JsonSerializer.Serialize(selector)}))";
        for (var i = 0; i < 150; i++)
        {
            await browser.Press("Tab");
            if (await browser.Evaluate(isThere) == "true")
            {
                return;
            }
        }

        Assert.Fail($"the keyboard does not reach '{selector}' in a hundred and fifty steps");
    }

    /// <summary>Presses what a selector names by the keyboard alone.</summary>
    public static async Task PressElement(this Chromium browser, string selector)
    {
        await browser.WaitFor(selector);
        await browser.TabToElement(selector);
        await browser.Press("Enter");
    }

    /// <summary>The pictures and files of the page itself that its server does not have; empty for none.</summary>
    public static Task<string> MissingFiles(this Chromium browser) => browser.Evaluate(
        "Promise.all([...document.querySelectorAll('img[src], link[href], .foot a[href$=\".txt\"]')].map(one => one.src ?? one.href)" +
        ".map(address => fetch(address).then(answer => answer.ok ? '' : address))).then(found => found.filter(one => one).join())");

    /// <summary>The text of what has the focus.</summary>
    public static Task<string> Focused(this Chromium browser) => browser.Evaluate("document.activeElement.textContent.trim()");

    /// <summary>What kind of element has the focus.</summary>
    public static Task<string> FocusedTag(this Chromium browser) => browser.Evaluate("document.activeElement.tagName");

    /// <summary>Goes on by the keyboard until what has this text has the focus.</summary>
    public static async Task TabTo(this Chromium browser, string text)
    {
        for (var i = 0; i < 60; i++)
        {
            await browser.Press("Tab");
            if (await browser.Focused() == text)
            {
                return;
            }
        }

        Assert.Fail(string.Create(CultureInfo.InvariantCulture, $"the keyboard does not reach '{text}' in sixty steps"));
    }
}
