using System.Web;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Login;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>Whoever runs one provider of a tenant is shown no code of another (RFC 9207, RFC 9700 §4.4).</summary>
public sealed class MixUpTests
{
    private const string Callback = "http://door.example/login/callback";

    private static readonly string[] Tenants = ["shares", "alone", "administered"];

    private readonly string _id = OpenIdProvider.ClientId;

    [Fact]
    public async Task A_code_goes_to_no_other_provider_than_the_one_that_sent_the_browser_back()
    {
        await using var provider = await OpenIdProvider.Start();
        await using var cluster = await GrainCluster.Start(Yaml(provider.Url));
        var people = cluster.Client.GetGrain<IInteractiveLoginGrain>(0);
        var begun = await people.Begin(
            new InteractiveLoginRequest("acme", "contractors", Callback, null), TestContext.Current.CancellationToken);
        foreach (var (issuer, callback) in new (string?, string)[]
        {
            ("https://idp.example", Callback), (provider.Url.TrimEnd('/'), Callback), ("", Callback),
            (provider.Url, $"{Callback}/contractors"), (provider.Url, "http://door.example/login/callback/sso"),
        })
        {
            var refused = await people.Finish(Reply(begun, issuer, callback), TestContext.Current.CancellationToken);
            Assert.Equal(LoginStatus.Rejected, refused.Status);
            Assert.Equal(0, provider.Redemptions);
        }

        await people.Finish(Reply(begun, provider.Url, Callback), TestContext.Current.CancellationToken);
        Assert.Equal(1, provider.Redemptions);
    }

    [Fact]
    public async Task A_provider_that_a_tenant_defines_itself_has_a_callback_of_its_own_beside_others()
    {
        await using var cluster = await GrainCluster.Start(
            Yaml("https://contractors.example") + Parts(),
            prepare: folder => Array.ForEach(Tenants, name => folder.Write($"{name}.yaml", $$"""
                authenticators: [mine]
                routes: [{ prefix: "", upstream: up }]
                define:
                  authenticators:
                    mine: { type: oidc, issuer: "https://mine.example", audience: x, require: { a: b }, clientId: {{_id}} }
                """)));
        var flows = cluster.Service<CodeFlows>();
        string Of(string tenant, string name) => flows.CallbackOf(new InteractiveLoginRequest(tenant, name, Callback, null));
        Assert.Equal(Callback, Of("acme", "contractors"));
        Assert.Equal($"{Callback}/mine", Of("shares", "mine"));
        Assert.Equal($"{Callback}/mine", Of("administered", "mine"));
        Assert.Equal(Callback, Of("alone", "mine"));
    }

    private static InteractiveLoginReply Reply(InteractiveLoginStart begun, string? issuer, string callback) => new()
    {
        Tenant = "acme", Service = "door.example", Callback = callback, Flow = begun.Flow!,
        State = HttpUtility.ParseQueryString(begun.Address!.Query)["state"]!, Code = new Secret("code"), ClientAddress = "10.0.0.1",
        Issuer = issuer,
    };

    /// <summary>A tenant with two providers of its operator.</summary>
    private string Yaml(string contractors) => $$"""
        upstreams: { up: { url: "https://up.example" } }
        authenticators:
          contractors: { type: oidc, issuer: "{{contractors}}", audience: x, allowAnySubject: true, allowPrivate: true, clientId: {{_id}} }
          sso: { type: oidc, issuer: "https://idp.example", audience: x, require: { a: b }, clientId: {{_id}} }
          ci: { type: oidc, issuer: "https://ci.example", audience: x, require: { a: b } }
        tenants:
          acme:
            { hosts: [acme.example], publicUrl: "https://acme.example", authenticators: [contractors, sso],
              routes: [{ prefix: "", upstream: up }] }
        """;

    /// <summary>Tenants with a provider of their own, beside what their operator lets them use.</summary>
    private static string Parts() => "\n" + string.Join('\n', new[]
    {
        "mayUse: { upstreams: [up], authenticators: [sso] }", "mayUse: { upstreams: [up], authenticators: [ci] }",
        "mayUse: { upstreams: [up] }, administrators: [\"subject:sso/erin\"]",
    }.Zip(Tenants, (uses, name) =>
        $"  {name}: {{ hosts: [{name}.example], publicUrl: \"https://{name}.example\", {uses}, file: {name}.yaml }}"));
}
