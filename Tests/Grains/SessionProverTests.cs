using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// Sessions are of who proved them, whatever the configuration calls that one: names of tenants and of authenticators are used again.
/// </summary>
public sealed class SessionProverTests
{
    private static readonly TestIssuer Former = new();
    private static readonly TestIssuer Next = new();

    [Fact]
    public async Task A_name_that_is_given_to_another_issuer_keeps_no_session_of_the_former_one()
    {
        await using var cluster = await Start();
        var former = await Login(cluster, "idp", Former);
        Assert.True(await IsOpen(cluster, former));
        Use(cluster, Yaml("https://next.example", "next.json"));
        Assert.False(await IsOpen(cluster, former));
        Assert.Equal(LoginStatus.Rejected, (await Resume(cluster, former)).Status);

        // The next one's is of the same subject, and does not open the former one's.
        var next = await Login(cluster, "next", Next);
        Assert.True(await IsOpen(cluster, next));
        Assert.False(await IsOpen(cluster, former));
        Use(cluster, Yaml("https://idp.example", "idp.json"));
        Assert.False(await IsOpen(cluster, next));
        Assert.False(await IsOpen(cluster, former));
    }

    [Fact]
    public async Task A_tenant_that_is_removed_has_no_session_and_has_them_again_when_it_was_a_mistake()
    {
        await using var cluster = await Start();
        var session = await Login(cluster, "idp", Former);
        Use(cluster, Yaml("https://idp.example", "idp.json").Replace("acme:", "other:"));
        Assert.False(await IsOpen(cluster, session));
        Assert.NotEqual(LoginStatus.Granted, (await Resume(cluster, session)).Status);
        Use(cluster, Yaml("https://idp.example", "idp.json"));
        Assert.True(await IsOpen(cluster, session));
    }

    [Fact]
    public async Task Nor_does_an_authenticator_of_another_kind()
    {
        await using var cluster = await Start();
        var session = await Login(cluster, "idp", Former);
        Use(cluster, Yaml("https://idp.example", "idp.json").Replace(
            "type: oidc, issuer: \"https://idp.example\", audience: a, require: { hd: \"*\" }, jwks: { file: idp.json }",
            "type: ldap, url: \"ldap://127.0.0.1:1\", allowPlaintext: true, userDn: \"uid={0},dc=t\""));
        Assert.False(await IsOpen(cluster, session));
    }

    private static string Yaml(string issuer, string keys) => $$"""
        upstreams: { up: { url: "https://registry.example" } }
        authenticators: { sso: { type: oidc, issuer: "{{issuer}}", audience: a, require: { hd: "*" }, jwks: { file: {{keys}} } } }
        tenants:
          acme:
            hosts: ["a.example"]
            authenticators: [sso]
            routes: [{ prefix: "", upstream: up }]
            access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull] }]
        """;

    private static Task<GrainCluster> Start() => GrainCluster.Start(Yaml("https://idp.example", "idp.json"), prepare: folder =>
    {
        folder.Write("idp.json", Former.KeySet);
        folder.Write("next.json", Next.KeySet);
    });

    private static void Use(GrainCluster cluster, string yaml)
    {
        var result = ConfigurationFile.Parse(yaml, cluster.ConfigurationPath);
        Assert.True(result.Snapshot is not null, string.Join('\n', result.Errors));
        cluster.Configuration.Replace(result.Snapshot);
    }

    private static async Task<LoginResult> Login(GrainCluster cluster, string issuer, TestIssuer keys)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var token = keys.Sign(new
        {
            iss = $"https://{issuer}.example", aud = "a", sub = "alice", hd = "x", iat = now, exp = now + 3600,
        });
        var result = await Ask(cluster, new LoginCredentials(LoginCredentialsKind.Assertion, "sso", new Secret(token)));
        Assert.True(result.Status == LoginStatus.Granted, result.Message);
        return result;
    }

    private static Task<LoginResult> Resume(GrainCluster cluster, LoginResult login) =>
        Ask(cluster, new LoginCredentials(LoginCredentialsKind.RefreshToken, "", login.RefreshToken));

    private static async Task<LoginResult> Ask(GrainCluster cluster, LoginCredentials credentials) =>
        await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
        {
            Tenant = "acme", Service = "here", Offline = true, Credentials = credentials,
        });

    private static async Task<bool> IsOpen(GrainCluster cluster, LoginResult login)
    {
        var claims = new JsonWebToken(login.AccessToken!.Reveal());
        return (await cluster.Client.GetGrain<ISessionGrain>("acme/sso/alice").Decide(
            claims.GetPayloadValue<string>(AccessTokenClaims.Session), claims.GetPayloadValue<long>(AccessTokenClaims.Generation))).Open;
    }
}
