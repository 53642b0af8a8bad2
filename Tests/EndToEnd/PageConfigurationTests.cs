using System.Text.Json;
using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Administrators of a managed tenant keep its part on the page, in a real browser.</summary>
[Collection(BrowserCollection.Name)]
public sealed class PageConfigurationTests
{
    private const string Good = """
        authenticators: [staff]
        routes: [{ prefix: "", upstream: local }]
        access:
          - { name: all, who: [authenticated], repositories: ["a/**"], actions: [pull] }
        """;

    [Fact]
    public async Task A_part_is_checked_changed_compared_and_taken_back()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await Door(upstream.Url);
        using var script = await PartAdmin.Login(door.DataUrl, "alice");
        await script.Write(Good);
        await using var browser = await Open(door);
        Assert.Equal(Good, await Text(browser));

        // An error leads to its line, and nothing is lost.
        await Type(browser, Good.Replace("[pull]", "[pul]"));
        await browser.Click("#check");
        await browser.WaitFor("#configuration-errors [data-line='4']");
        await browser.Click("#configuration-errors [data-line='4']");
        Assert.Contains("[pul]", await browser.Evaluate("getSelection().toString()"));

        // What is saved is seen before.
        await Type(browser, Good.Replace("a/**", "c/**"));
        Assert.Contains("c/**", await browser.Text("#difference .new"));
        Assert.Contains("a/**", await browser.Text("#difference .gone"));
        await browser.Click("#save");
        await browser.WaitFor("dialog[open] #asked-difference");
        Assert.Contains("access['all'].repositories[0]: a/** → c/**", await browser.Text("#checked"));
        await browser.Click("#confirm");
        await Eventually.True(async () => await browser.Text("#configuration-notice") == "Version 2 is in use.", "the change is in use");
        Assert.Contains("c/**", (await script.Read()).Yaml);
        await Eventually.True(async () => await browser.Evaluate("String(document.querySelectorAll('#versions tbody tr').length)") == "2",
            "both versions are listed");

        // Somebody else is not overwritten.
        await Type(browser, Good.Replace("a/**", "mine/**"));
        await script.Write(Good.Replace("a/**", "theirs/**"));
        await browser.Click("#save");
        await browser.WaitFor("dialog[open] #confirm");
        await browser.Click("#confirm");
        await browser.WaitFor("#old");
        Assert.Contains("theirs/**", (await script.Read()).Yaml);
        Assert.Contains("mine/**", await Text(browser));
        await browser.Click("#rebase");
        await Eventually.True(async () => (await browser.Text("#difference")).Contains("theirs/**"), "both are compared");
        await Eventually.True(
            async () => await browser.Evaluate("String(document.querySelector('#undo').disabled)") == "false", "the versions are read");
        await browser.Click("#undo");
        await Eventually.True(async () => (await Text(browser)).Contains("theirs/**"), "the text is the newest");

        // A former version comes back.
        await browser.Click("[data-version='1']");
        await browser.WaitFor("dialog[open] #asked-difference");
        Assert.Contains("a/**", await browser.Text("#asked-difference .new"));
        await browser.Click("#confirm");
        await Eventually.True(async () => await browser.Text("#configuration-notice") == "Version 4 is in use.", "the step back is in use");
        Assert.Equal(Good, (await script.Read()).Yaml);
        Assert.Equal(Good, await Text(browser));
        Assert.Empty(browser.Faults);
    }

    [Fact]
    public async Task What_was_typed_outlasts_the_administration_and_another_tab()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await Door(upstream.Url);
        using var script = await PartAdmin.Login(door.DataUrl, "alice");
        await script.Write(Good);
        await using var browser = await Open(door);
        var typed = Good.Replace("a/**", "typed/**");
        await Type(browser, typed);
        await browser.GoTo("administration/usage");
        await browser.GoTo("administration/configuration");
        Assert.Equal(typed, await Text(browser));

        // Another tab logs in, which ends the administration here.
        await LogInElsewhere(browser, "bob");
        await browser.Click("#check");
        await browser.WaitFor("#administer");
        Assert.Contains("somebody logged in as bob", await browser.Text("#changed"));
        Assert.Equal("none", await browser.Evaluate("getComputedStyle(document.querySelector('[hidden]')).display"));
        await browser.Submit("#administer", "alice");
        await browser.WaitFor("nav[aria-label=administration]");
        await Eventually.True(
            async () => await browser.Evaluate("document.querySelector('#administer') ? '' : 'open'") == "open", "it is open again");
        Assert.Equal(typed, await Text(browser));
        await browser.Click("#check");
        await browser.WaitFor("#checked");
        Assert.Contains("typed/**", await browser.Text("#checked"));

        // The same person in another tab is the same person: nothing need be sent twice by hand.
        await LogInElsewhere(browser, "bob");
        await browser.GoTo("sessions");
        var before = await Sessions(browser);
        await browser.Click("[data-session]");
        await browser.WaitFor("#confirm");
        await browser.Click("#confirm");
        await Eventually.True(async () => await Sessions(browser) != before, "the session has ended");
        Assert.Empty(browser.Faults);
    }

    [Fact]
    public async Task A_tenant_whose_operator_keeps_it_says_so()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await LeasedDoors.Take(DoorConfiguration.Single(upstream.Url).Replace(
            "routes:", "administrators: [\"user:staff/alice\"]\n    routes:"));
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{door.DataUrl}/");
        await browser.WaitFor("#login");
        await browser.Administer("alice");
        await browser.GoTo("administration/configuration");
        Assert.Contains("in files", await browser.Text("#elsewhere"));
        Assert.Contains("in the operator's files", await browser.Text("#part"));
        Assert.Contains("everybody", await browser.Text("#rules"));
        await browser.GoTo("administration/upstreams");
        Assert.Contains("the operator's", await browser.Text("#upstreams"));
    }

    [Fact]
    public async Task Who_keeps_a_part_in_a_file_sees_what_is_in_use_and_what_is_wrong_with_it()
    {
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await FrontDoor.StartBeside(
            $$"""
            upstreams: { local: { url: "{{upstream.Url}}", allowPrivate: true }, secret-of-others: { url: "https://others.example" } }
            authenticators: { staff: { type: htpasswd, file: htpasswd } }
            tenants:
              acme:
                { hosts: ["*"], administrators: ["user:staff/alice"], mayUse: { upstreams: [local], authenticators: [staff] },
                  file: acme.yaml }
            """,
            new Dictionary<string, string> { ["acme.yaml"] = Good });
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{door.DataUrl}/");
        await browser.WaitFor("#login");
        await browser.Administer("alice");
        await browser.GoTo("administration/configuration");
        Assert.Contains("a file of its own", await browser.Text("#part"));
        Assert.Contains("a/**", await browser.Text("#rules"));
        Assert.DoesNotContain("secret-of-others", await browser.Text("main"));
        await File.WriteAllTextAsync(door.PathOf("acme.yaml"), Good.Replace("[pull]", "[pul]"));
        await Eventually.True(async () => (await browser.Text("main")).Contains("line 4"), "what is wrong is shown");
        Assert.Contains("access[0].actions", await browser.Text("#errors"));
        Assert.Contains("The last good text stays in use", await browser.Text("#errors"));
        Assert.DoesNotContain("acme.yaml", await browser.Text("main"));
        Assert.Empty(browser.Faults);
    }

    /// <summary>What docs/images/make.sh puts into the documents.</summary>
    [Fact]
    public async Task Pictures_for_the_documents_can_be_made()
    {
        using var temporary = new TemporaryFolder();
        await using var upstream = await RecordingUpstream.Agreeable();
        await using var door = await Door(upstream.Url);
        using var script = await PartAdmin.Login(door.DataUrl, "alice");
        await script.Write(Good);
        await using var browser = await Open(door);
        await browser.Look(1280, 1100, false);
        await Type(browser, Good.Replace("a/**", "team-a/**").Replace("[pull]", "[pull, push]"));
        await browser.Click("#check");
        await browser.WaitFor("#checked");
        var file = Path.Combine(
            Environment.GetEnvironmentVariable("REGISTRYPROXY_SCREENSHOTS") ?? temporary.Path, "page-configuration.png");
        await browser.Screenshot(file);
        Assert.InRange(new FileInfo(file).Length, 10_000, 300_000);
    }

    private static Task<string> Sessions(Chromium browser) =>
        browser.Evaluate("String(document.querySelectorAll('#own-sessions [data-session]').length)");

    /// <summary>As another tab of the same browser does, with its own token.</summary>
    private static Task<string> LogInElsewhere(Chromium browser, string user) => browser.Evaluate(
        $$"""
        (async () => {
          const headers = { "X-Registryproxy-Page": "1", "Content-Type": "application/json" };
          headers["X-Csrf-Token"] = (await (await fetch("/page/me", { headers })).json()).token;
          const body = JSON.stringify({ user: "{{user}}", password: {{JsonSerializer.Serialize(FrontDoor.PasswordOf(user))}} });
          return String((await fetch("/page/login", { method: "POST", headers, body })).status);
        })()
        """);

    private static async Task<Chromium> Open(FrontDoor door)
    {
        var browser = await Chromium.Start(scripts: true);
        await browser.Look(1400, 900, false);
        await browser.Open($"{door.DataUrl}/");
        await browser.WaitFor("#login");
        await browser.Administer("alice");
        await browser.GoTo("administration/configuration");
        await browser.WaitFor("#configuration");
        return browser;
    }

    private static Task<string> Text(Chromium browser) => browser.Evaluate("document.querySelector('#configuration').value");

    private static Task Type(Chromium browser, string text) => browser.FillIn("#configuration", text);

    private static Task<FrontDoor> Door(string upstream) => FrontDoor.Start($$"""
        state:
          provider: file
          file: { path: state }
          encryptionKeys: [{ id: k1, key: { value: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" } }]
        upstreams: { local: { url: "{{upstream}}", allowPrivate: true } }
        authenticators: { staff: { type: htpasswd, file: htpasswd } }
        tenants:
          acme:
            hosts: ["*"]
            administrators: ["user:staff/alice"]
            mayUse: { upstreams: [local], authenticators: [staff] }
            managed: true
        """);
}
