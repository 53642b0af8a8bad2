using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using RegistryProxy.Gateway.Login;
using RegistryProxy.Tests.Support.Browser;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>People with single sign-on: a real browser without script, a real OpenID Connect provider, real Docker.</summary>
[Collection(BrowserCollection.Name)]
public sealed partial class BrowserLoginTests(Lab lab)
{
    [Fact]
    public async Task A_person_logs_in_by_browser_and_pulls_with_the_line_that_the_page_shows()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider);
        using var alice = door.Client("alice");
        await alice.PushImage("people/app", "v1", TestImage.Build(180, 1000));
        await using var browser = await Chromium.Start();
        await LogIn(browser, $"{door.DataUrl}/login", "erin");
        await browser.WaitFor("#command");
        var line = await browser.Text("#command");
        var token = LoginLine().Match(line).Groups["token"].Value;
        Assert.Equal($"echo {token} | docker login {door.Authority} --username _session --password-stdin", line);
        Assert.True(token.Length > 40);

        var docker = (await lab.Docker).NewClient();
        (await docker.Login(door.Authority, "_session", token)).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/people/app:v1")).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/secret/app:v1")).ShouldFail("denied");
        Assert.Contains("\"subject\": \"erin\"", await door.Admin($"/admin/sessions?tenant={door.Tenant}"));

        using var revoked = await new HttpClient().PostAsync(
            $"{door.AdminUrl}/admin/sessions/revoke", new StringContent(
                $$"""{"tenant":"{{door.Tenant}}","subject":"erin"}""", System.Text.Encoding.UTF8, "application/json"));
        await revoked.ShouldBe(HttpStatusCode.OK);
        (await docker.Pull($"{door.Authority}/people/app:v1")).ShouldFail("session");
        foreach (var secret in new[] { token, OpenIdProvider.ClientSecret })
        {
            Assert.DoesNotContain(secret, door.Log);
        }
    }

    [Theory]
    [InlineData("stranger", "claims")]
    [InlineData("nobody", "did not log you in")]
    public async Task Whom_the_provider_or_the_claims_refuse_gets_no_line(string user, string saying)
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider);
        await using var browser = await Chromium.Start();
        await LogIn(browser, $"{door.DataUrl}/login", user);
        await browser.WaitFor("#problem");
        Assert.Contains(saying, await browser.Text("#problem"));
    }

    [Fact]
    public async Task A_device_is_logged_in_from_a_browser()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider);
        using var device = door.Client();
        using var begun = await device.Http.PostAsync("/login/device", null);
        await begun.ShouldBe(HttpStatusCode.OK);
        using var codes = JsonDocument.Parse(await begun.Content.ReadAsStringAsync());
        var (code, page) = (codes.RootElement.GetProperty("device_code").GetString()!,
            codes.RootElement.GetProperty("verification_uri_complete").GetString()!);
        Assert.Equal("authorization_pending", await Poll(device, code));
        Assert.Equal("slow_down", await Poll(device, code));

        await using var browser = await Chromium.Start();
        await browser.Open(page);
        await browser.WaitFor(".code");
        Assert.Equal(codes.RootElement.GetProperty("user_code").GetString(), await browser.Text(".code"));
        await browser.Click("button");
        await FillForm(browser, "erin");
        await browser.WaitFor("#done");

        using var granted = await device.PostToken(("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", code));
        await granted.ShouldBe(HttpStatusCode.OK);
        Assert.NotNull((await RegistryClient.ReadToken(granted)).RefreshToken);
        Assert.Equal("expired_token", await Poll(device, code));
        Assert.Equal("expired_token", await Poll(device, "BCDF-GHJK." + new string('x', 43)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_device_administers_only_if_the_person_was_told_that_it_asks_for_that(bool asks)
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider);
        using var device = door.Client();
        using var form = new FormUrlEncodedContent(asks ? [new("scope", $"tenant:{door.Tenant}:administer")] : []);
        using var begun = await device.Http.PostAsync("/login/device", form);
        await begun.ShouldBe(HttpStatusCode.OK);
        using var codes = JsonDocument.Parse(await begun.Content.ReadAsStringAsync());
        var page = codes.RootElement.GetProperty("verification_uri_complete").GetString()!;
        using (var shown = await device.Http.GetAsync(page))
        {
            Assert.Equal(asks, (await shown.Content.ReadAsStringAsync()).Contains("<strong>administer</strong>"));
        }

        await using var browser = await Chromium.Start();
        await browser.Open(page);
        await browser.WaitFor(".code");
        await browser.Click("button");
        await FillForm(browser, "erin");
        await browser.WaitFor("#done");
        using var granted = await device.PostToken(
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", codes.RootElement.GetProperty("device_code").GetString()!), ("scope", $"tenant:{door.Tenant}:administer"));
        await granted.ShouldBe(HttpStatusCode.OK);
        var token = await RegistryClient.ReadToken(granted);
        using var sessions = await device.Send(HttpMethod.Get, "/admin/sessions", token.Token);
        await sessions.ShouldBe(asks ? HttpStatusCode.OK : HttpStatusCode.Unauthorized);
        Assert.Equal(asks, token.RefreshToken is null);
    }

    [Fact]
    public async Task A_person_comes_to_the_page_and_to_its_administration_by_single_sign_on()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider);
        await using var browser = await Chromium.Start(scripts: true);
        await browser.Open($"{door.DataUrl}/");
        await browser.WaitFor("a[href='/login?for=page&authenticator=sso']");
        await browser.Click("a[href='/login?for=page&authenticator=sso']");
        await FillForm(browser, "erin");
        await browser.WaitFor("#you");
        Assert.Equal("erin", await browser.Text("#you"));
        await browser.Evaluate("location.hash = '#/administration', ''");
        await browser.WaitFor("a[href='/login?for=administration&authenticator=sso']");
        await browser.Click("a[href='/login?for=administration&authenticator=sso']");
        await FillForm(browser, "frank");
        await browser.WaitFor("#problem");
        Assert.Contains("does not administer", await browser.Text("#problem"));
        await LogIn(browser, $"{door.DataUrl}/login?for=administration&authenticator=sso", "erin");
        await browser.WaitFor("nav[aria-label=administration]");
        Assert.Contains("\"event\":\"login\"", door.Log);
    }

    [Theory]
    [InlineData("/login?authenticator=nobody", HttpStatusCode.NotFound)]
    [InlineData("/login?for=nothing", HttpStatusCode.BadRequest)]
    [InlineData("/login/callback?code=x", HttpStatusCode.BadRequest)]
    [InlineData("/login/callback/own?code=x", HttpStatusCode.BadRequest)]
    [InlineData("/login/callback?code=x&state=y&iss=a&iss=b", HttpStatusCode.BadRequest)]
    [InlineData("/login/device?user_code=BCDF-GHJK", HttpStatusCode.NotFound)]
    [InlineData("/login/elsewhere", HttpStatusCode.NotFound)]
    public async Task Errors_are_pages_for_browsers_and_JSON_for_everybody_else(string target, HttpStatusCode status)
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider);
        using var client = door.Client();
        using var json = await client.Send(HttpMethod.Get, target, null);
        await json.ShouldFail(status, "UNSUPPORTED");
        using var page = await client.Send(HttpMethod.Get, target, null, null, ("Accept", "text/html"));
        Assert.Equal((status, "text/html"), (page.StatusCode, page.Content.Headers.ContentType!.MediaType));
        Assert.Contains("frame-ancestors 'none'", page.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Contains("id=\"problem\"", await page.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Nobody_is_logged_in_who_did_not_begin_it()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider);
        using var client = door.Client();
        using var start = await client.Http.GetAsync("/login");
        await start.ShouldBe(HttpStatusCode.SeeOther);
        var cookie = start.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=lax", cookie);

        foreach (var (query, sent) in new[]
        {
            ("code=x&state=y", ""), ("code=x&state=y", cookie.Split(';')[0]), ("code=x", cookie.Split(';')[0]), ("error=access_denied",
                cookie.Split(';')[0]),
            ("code=x&state=y", $"{BrowserLogin.PlainCookie}=AAAA"), ("code=x&state=y", cookie.Split(';')[0] + "x"), ("code=x&code=y&state=z", ""),
        })
        {
            using var back = await client.Send(HttpMethod.Get, $"/login/callback?{query}", null, null, ("Cookie", sent));
            Assert.InRange((int)back.StatusCode, 400, 403);
        }

        Assert.Empty(provider.CodeRequests);
        await Eventually.True(
            () => door.Log.Contains("\"reason\":\"the provider answered access_denied\""), "the audit log has the word of the provider");
        using var form = new FormUrlEncodedContent([new("user_code", "BCDF-GHJK"), new("authenticator", "sso")]);
        using var foreign = await client.Send(HttpMethod.Post, "/login/device/confirm", null, form, ("Origin", "https://evil.example"));
        await foreign.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task The_cookie_of_a_login_is_of_this_host_alone_and_the_choice_of_a_provider_keeps_what_it_is_for()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var door = await Door(provider, "publicUrl: https://docker.acme.example");
        using var client = door.Client();
        using var start = await client.Send(HttpMethod.Get, "/login?authenticator=sso", null, null, ("Host", "docker.acme.example"));
        await start.ShouldBe(HttpStatusCode.SeeOther);
        var cookie = start.Headers.GetValues("Set-Cookie").Single();
        Assert.StartsWith($"{BrowserLogin.Cookie}=", cookie);
        foreach (var word in new[] { "; secure", "; httponly", "; samesite=lax", "; path=/;" })
        {
            Assert.Contains(word, $"{cookie};");
        }

        Assert.DoesNotContain("domain", cookie);
        foreach (var (asked, kept) in new[] { ("", ""), ("?for=page", "&amp;for=page"), ("?for=administration", "&amp;for=administration") })
        {
            using var choice = await client.Send(HttpMethod.Get, $"/login{asked}", null, null, ("Host", "docker.acme.example"));
            Assert.Contains($"href=\"/login?authenticator=sso{kept}\"", await choice.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task Where_no_authenticator_lets_people_in_there_is_no_page()
    {
        var door = await lab.Door;
        using var client = door.Client();
        using var page = await client.Http.GetAsync("/login");
        await page.ShouldFail(HttpStatusCode.NotFound, "UNSUPPORTED");
    }

    private static async Task LogIn(Chromium browser, string address, string user)
    {
        await browser.Open(address);
        await FillForm(browser, user);
    }

    private static async Task FillForm(Chromium browser, string user)
    {
        // The page that was left has such a field as well.
        const string Field = "form[action='/authorize'] input[name=user]";
        await browser.WaitFor(Field);
        await browser.Fill(Field, user);
        await browser.Click("button");
    }

    private static async Task<string?> Poll(RegistryClient device, string code)
    {
        using var answer = await device.PostToken(("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", code));
        await answer.ShouldBe(HttpStatusCode.BadRequest);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return body.RootElement.GetProperty("error").GetString();
    }

    private async Task<LeasedDoor> Door(OpenIdProvider provider, string publicUrl = "", string people = "sso")
    {
        var door = await LeasedDoors.Take($$"""
            upstreams:
              local: { url: "{{(await lab.Registry).Url}}", allowPrivate: true }
            authenticators:
              staff: { type: htpasswd, file: htpasswd }
              sso:
                { type: oidc, issuer: "{{provider.Url}}", audience: registry, require: { hd: acme.example }, allowPrivate: true,
                  clientId: {{OpenIdProvider.ClientId}}, clientSecret: { value: "{{OpenIdProvider.ClientSecret}}" }, scopes: [openid, groups] }
              sso2:
                { type: oidc, issuer: "{{provider.Url}}", audience: other, require: { hd: acme.example }, allowPrivate: true,
                  clientId: {{OpenIdProvider.ClientId}}, clientSecret: { value: "{{OpenIdProvider.ClientSecret}}" }, scopes: [openid] }
            tenants:
              acme:
                hosts: ["*"]
                {{publicUrl}}
                authenticators: [staff, {{(publicUrl.Length > 0 ? "sso, sso2" : people)}}]
                administrators: ["subject:sso/erin"]
                routes: [{ prefix: "", upstream: local }]
                access:
                  - { name: alice, who: ["user:staff/alice"], repositories: ["**"], actions: [pull, push] }
                  - { name: dev, who: ["group:sso/dev"], repositories: ["people/**"], actions: [pull] }
            """);
        provider.Callback = $"{door.DataUrl}/login/callback";
        return door;
    }

    [GeneratedRegex("echo (?<token>[A-Za-z0-9._~-]+) ")]
    private static partial Regex LoginLine();
}
