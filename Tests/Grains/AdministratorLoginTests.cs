using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>A login opens the administration of a tenant for those whom the operator says, and for nobody by another way.</summary>
public sealed class AdministratorLoginTests
{
    private const string Scope = "tenant:acme:administer";

    private static readonly string SomeKeys = new TestIssuer().KeySet;

    private static string Yaml(string administrators) => $$"""
        upstreams: { up: { url: "https://registry.example" } }
        authenticators:
          corp: { type: htpasswd, file: corp, groups: { admins: [alice] } }
          more: { type: htpasswd, file: more }
          away: { type: ldap, url: "ldap://127.0.0.1:1", allowPlaintext: true, userDn: "uid={0},dc=t" }
          sso: { type: oidc, issuer: "https://idp.example", audience: a, require: { hd: "*" }, jwks: { file: jwks.json } }
        tenants:
          acme:
            hosts: ["a.example"]
            administrators: [{{administrators}}]
            mayUse: { upstreams: [up], authenticators: [more] }
            secrets: secrets
            file: acme.yaml
          other:
            hosts: ["o.example"]
            authenticators: [corp]
            administrators: ["user:corp/bob"]
            routes: [{ prefix: "", upstream: up }]
        """;

    [Fact]
    public async Task Administrators_alone_get_the_scope_of_their_tenant_alone_and_nothing_else_by_it()
    {
        await using var cluster = await Start("\"group:corp/admins\"");

        // By an authenticator that the tenant's part does not list: nobody else logs in there, and no rule is about them.
        var granted = await Login(cluster, "alice", administers: true);
        Assert.True(granted is { Status: LoginStatus.Granted, Administers: true, RefreshToken: null, Authenticator: "corp" });
        Assert.Equal([Scope], Access(granted));
        Assert.InRange(granted.ExpiresIn, 60, 900);
        Assert.Empty(granted.Granted);
        Assert.Equal(LoginStatus.Rejected, (await Login(cluster, "alice", administers: false)).Status);
        var stranger = await Login(cluster, "bob", administers: true);
        Assert.Equal((LoginStatus.Rejected, "corp", "bob"), (stranger.Status, stranger.Authenticator, stranger.Subject));

        // Whoever guesses is not told that a password is right.
        var guess = await Login(cluster, "bob", administers: true, password: "wrong");
        Assert.Equal(
            (guess.Status, guess.Message, guess.RetryAfterSeconds), (stranger.Status, stranger.Message, stranger.RetryAfterSeconds));
        Assert.Contains("administrators", stranger.Reason);

        // Her session is there, and may what everybody may.
        var claims = new JsonWebToken(granted.AccessToken!.Reveal());
        var decision = await cluster.Client.GetGrain<ISessionGrain>("acme/corp/alice").Decide(
            claims.GetPayloadValue<string>(AccessTokenClaims.Session), claims.GetPayloadValue<long>(AccessTokenClaims.Generation));
        Assert.True(decision.Open);
        Assert.Equal(["public"], decision.Rules.Select(rule => rule.Name));

        // Whom a shared authenticator knows gets a token without the scope; the tenant's own one does not see what is typed.
        var ordinary = await Login(cluster, "carol", administers: true);
        Assert.True(ordinary is { Status: LoginStatus.Granted, Administers: false, RefreshToken: null });
        Assert.DoesNotContain(Scope, Access(ordinary));
        Assert.Equal(LoginStatus.Granted, (await Login(cluster, "dave", administers: false)).Status);
        Assert.Equal(LoginStatus.Rejected, (await Login(cluster, "dave", administers: true)).Status);

        // The same name in an authenticator of the tenant's is somebody else.
        var own = await Login(cluster, "alice", administers: true, password: "own");
        Assert.Equal(LoginStatus.Rejected, own.Status);
        Assert.False((await Login(cluster, "alice", administers: false, password: "own")).Administers);

        Assert.True((await Login(cluster, "bob", administers: true, tenant: "other")).Administers);
        Assert.False((await Login(cluster, "alice", administers: true, tenant: "other")).Administers);
        Assert.False((await Login(cluster, "bob", administers: true, tenant: "other", agent: true)).Administers);
    }

    [Fact]
    public async Task A_refresh_token_never_opens_it_and_who_is_taken_out_is_out()
    {
        await using var cluster = await Start("\"user:more/carol\"");
        var offline = await Login(cluster, "carol", administers: false, offline: true);
        Assert.NotNull(offline.RefreshToken);
        Assert.Null((await Login(cluster, "carol", administers: true, offline: true)).RefreshToken);
        foreach (var kind in new[] { LoginCredentialsKind.RefreshToken, LoginCredentialsKind.Password })
        {
            var resumed = await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
            {
                Tenant = "acme", Service = "here", Administers = true,
                Credentials = new LoginCredentials(kind, kind == LoginCredentialsKind.Password ? "carol" : "", offline.RefreshToken),
            });
            Assert.True(resumed is { Status: LoginStatus.Granted, Administers: false });
            Assert.DoesNotContain(Scope, Access(resumed));
        }

        cluster.Configuration.Replace(ConfigurationFile.Parse(Yaml(""), cluster.ConfigurationPath).Snapshot!);
        Assert.False((await Login(cluster, "carol", administers: true)).Administers);
    }

    [Fact]
    public async Task While_one_directory_of_administrators_is_away_nobody_else_gets_the_password()
    {
        await using var cluster = await Start("\"user:away/alice\", \"group:corp/admins\"");
        foreach (var user in new[] { "alice", "carol", "dave" })
        {
            Assert.Equal(LoginStatus.Unavailable, (await Login(cluster, user, administers: true)).Status);
        }

        Assert.Equal(LoginStatus.Granted, (await Login(cluster, "dave", administers: false)).Status);
    }

    [Fact]
    public async Task Guesses_at_administrators_count_for_all_tenants_together()
    {
        await using var cluster = await Start("\"group:corp/admins\"");
        var granted = 0;
        for (var i = 0; i < 80; i++)
        {
            var tenant = i % 2 == 0 ? "acme" : "other";
            var guess = await Login(cluster, "bob", administers: true, password: $"{i}", tenant: tenant, address: $"10.0.{i}.1");
            granted += guess.Status == LoginStatus.Rejected ? 1 : 0;
        }

        // 30 and what comes back in that time.
        Assert.InRange(granted, 30, 45);
    }

    [Theory]
    [InlineData(0, 13 * 60, true)]
    [InlineData(0, 16 * 60, false)]
    [InlineData(13 * 60, 3600, true)]
    [InlineData(16 * 60, 60, false)]
    [InlineData(0, -1, false)]
    public async Task A_token_is_as_old_as_the_login_that_it_tells_of(int authenticated, int issued, bool opens)
    {
        await using var issuer = await TestIssuer.Start();
        await using var cluster = await Start("\"subject:sso/alice\"", issuer.KeySet);
        var now = DateTimeOffset.UtcNow;
        Dictionary<string, object> claims = new()
        {
            ["iss"] = "https://idp.example", ["aud"] = "a", ["sub"] = "alice", ["hd"] = "x", ["exp"] = now.AddHours(2).ToUnixTimeSeconds(),
        };
        if (issued >= 0)
        {
            claims["iat"] = now.AddSeconds(-issued).ToUnixTimeSeconds();
        }

        if (authenticated > 0)
        {
            claims["auth_time"] = now.AddSeconds(-authenticated).ToUnixTimeSeconds();
        }

        var result = await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
        {
            Tenant = "acme", Service = "here", Administers = true,
            Credentials = new LoginCredentials(LoginCredentialsKind.Assertion, "sso", new Secret(issuer.Sign(claims))),
        });
        Assert.Equal((opens, opens), (result.Status == LoginStatus.Granted, result.Administers));
        Assert.Equal("alice", result.Subject);
        if (opens)
        {
            // It ends when the login behind it is 15 minutes old.
            Assert.InRange(result.ExpiresIn, 60, 120);
        }
    }

    [Theory]
    [InlineData("tenant:acme:administer", "acme")]
    [InlineData("repository:a:pull tenant:acme:administer", "acme")]
    [InlineData("tenant:a:administer tenant:b:administer", "a,b")]
    [InlineData("tenant:acme:pull", "")]
    [InlineData("tenant::administer", "")]
    [InlineData("tenant:administer", "")]
    [InlineData("tenants:acme:administer", "")]
    [InlineData("tenant:acme:administer,pull", "")]
    public void The_scope_is_read_beside_those_of_repositories(string parameter, string tenants) =>
        Assert.Equal(tenants, string.Join(',', AdministrationScope.ParseAll([parameter])));

    private static Task<GrainCluster> Start(string administrators, string? keys = null) => GrainCluster.Start(
        Yaml(administrators), prepare: folder =>
    {
        folder.Write("jwks.json", keys ?? SomeKeys);
        Directory.CreateDirectory(folder.File("secrets"));
        Users(folder, "corp", ("alice", "pw"), ("bob", "pw"));
        Users(folder, "more", ("carol", "pw"));
        Users(folder, "secrets/users", ("alice", "own"), ("dave", "pw"));
        folder.Write("acme.yaml", """
            authenticators: [own, more]
            routes: [{ prefix: "", upstream: up }]
            access:
              - { name: public, who: [anonymous], repositories: ["public/**"], actions: [pull] }
              - { name: people, who: [authenticated], repositories: ["**"], actions: [pull, push] }
            define: { authenticators: { own: { type: htpasswd, file: users, groups: { admins: [alice, dave] } } } }
            """);
    });

    private static void Users(TemporaryFolder folder, string file, params (string Name, string Password)[] users) => folder.Write(
        file, string.Concat(users.Select(user => $"{user.Name}:{BCrypt.Net.BCrypt.HashPassword(user.Password, 4)}\n")));

    private static async Task<LoginResult> Login(
        GrainCluster cluster, string user, bool administers, string password = "pw", string tenant = "acme", bool offline = false,
        bool agent = false, string address = "") =>
        await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
        {
            Tenant = tenant, Service = "here", Offline = offline, Administers = administers, NodeAgent = agent, ClientAddress = address,
            Credentials = new LoginCredentials(LoginCredentialsKind.Password, user, new Secret(password)),
        });

    private static IEnumerable<string> Access(LoginResult result) =>
        new JsonWebToken(result.AccessToken!.Reveal()).GetPayloadValue<JsonElement>(AccessTokenClaims.Access).EnumerateArray().Select(
            entry => $"{entry.GetProperty("type").GetString()}:{entry.GetProperty("name").GetString()}:" +
                string.Join(',', entry.GetProperty("actions").EnumerateArray().Select(action => action.GetString())));
}
