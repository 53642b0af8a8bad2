using System.Net;
using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Administrators by single sign-on of a tenant whose own part names no provider, be it empty or of no use.</summary>
public sealed partial class BrowserLoginTests
{
    [Fact]
    public async Task Who_administers_comes_by_a_provider_that_nobody_else_logs_in_with()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider, people: "");
        using var client = door.Client();
        foreach (var others in new[] { "/login", "/login?authenticator=sso", "/login?for=page&authenticator=sso" })
        {
            using var refused = await client.Http.GetAsync(others);
            await refused.ShouldFail(HttpStatusCode.NotFound, "UNSUPPORTED");
        }

        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{door.DataUrl}/#/administration");
        await browser.WaitFor("a[href='/login?for=administration&authenticator=sso']");
        await browser.Click("a[href='/login?for=administration&authenticator=sso']");
        await FillForm(browser, "frank");
        await browser.WaitFor("#problem");
        Assert.Contains("for administrators of this tenant alone", await browser.Text("#problem"));
        await LogIn(browser, $"{door.DataUrl}/login?for=administration", "erin");
        await browser.WaitFor("nav[aria-label=administration]");
    }

    [Fact]
    public async Task And_where_the_part_of_the_tenant_is_of_no_use()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await FrontDoor.StartBeside(
            $$"""
            upstreams: { local: { url: "http://127.0.0.1:9", allowPrivate: true } }
            authenticators:
              sso:
                { type: oidc, issuer: "{{provider.Url}}", audience: registry, require: { hd: acme.example }, allowPrivate: true,
                  clientId: {{OpenIdProvider.ClientId}}, clientSecret: { value: "{{OpenIdProvider.ClientSecret}}" }, scopes: [openid] }
            tenants:
              acme:
                { hosts: ["*"], administrators: ["subject:sso/erin"], mayUse: { upstreams: [local], authenticators: [sso] },
                  file: acme.yaml }
            """,
            new Dictionary<string, string> { ["acme.yaml"] = "authenticators: [sso]\nroutes: nonsense\n" });
        provider.Callback = $"{door.DataUrl}/login/callback";
        using var client = door.Client();
        foreach (var others in new[] { "/login", "/login?for=page&authenticator=sso", "/login/callback?code=x&state=y", "/login/device" })
        {
            using var refused = await client.Http.GetAsync(others);
            await refused.ShouldBe(HttpStatusCode.ServiceUnavailable);
        }

        await using var browser = await Chromium.Start(scripts: true);
        await LogIn(browser, $"{door.DataUrl}/login?for=administration", "erin");
        await browser.WaitFor("nav[aria-label=administration]");
    }
}
