using System.Globalization;

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

    /// <summary>Loads the checker into the page that is shown.</summary>
    public static async Task LoadChecker(this Chromium browser) => await browser.Evaluate($"{await File.ReadAllTextAsync(Axe)}\n;''");

    /// <summary>What the checker calls serious or critical; empty for nothing.</summary>
    public static Task<string> SeriousProblems(this Chromium browser) => browser.Evaluate(
        "axe.run(document, { resultTypes: ['violations'] }).then(found => found.violations" +
        ".filter(one => one.impact === 'serious' || one.impact === 'critical')" +
        ".map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 160)).join(' | ')}`).join('\\n'))");

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
