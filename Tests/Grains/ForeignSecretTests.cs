using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Login;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Servers;
using static RegistryProxy.Tests.Support.Servers.HostileDirectory;

namespace RegistryProxy.Tests.Grains;

/// <summary>What is shown to a directory, and what becomes of proofs that are about to end.</summary>
public sealed class ForeignSecretTests : IAsyncLifetime
{
    private HostileDirectory _directory = null!;
    private TestIssuer _issuer = null!;
    private GrainCluster _cluster = null!;
    private int _asked;

    public async ValueTask InitializeAsync()
    {
        _directory = new HostileDirectory((id, operation) =>
        {
            Interlocked.Increment(ref _asked);
            return operation == Bind ? [Message(id, Result(0x61, 0))]
                : [Message(id, Entry("uid=alice,dc=t", "uid", Text("alice"))), Message(id, Result(0x65, 0))];
        });
        _issuer = await TestIssuer.Start();
        _cluster = await GrainCluster.Start(
            $$"""
            upstreams: { up: { url: "https://up.example" } }
            authenticators:
              corp:
                { type: ldap, url: "ldap://127.0.0.1:{{_directory.Port}}", allowPlaintext: true, bindDn: "cn=reader",
                  bindPassword: { value: x }, baseDn: "dc=t" }
              ci: { type: oidc, issuer: "{{_issuer.Url}}", audience: a, allowAnySubject: true, allowPrivate: true }
            tenants:
              acme:
                { hosts: [a.example], publicUrl: "https://a.example", authenticators: [corp, ci], routes: [{ prefix: "", upstream: up }] }
              part:
                { hosts: [p.example], publicUrl: "https://p.example", mayUse: { upstreams: [up], authenticators: [corp] }, file: part.yaml }
            """,
            prepare: folder => folder.Write("part.yaml", """
                authenticators: [mine, corp]
                routes: [{ prefix: "", upstream: up }]
                define:
                  authenticators:
                    mine: { type: ldap, url: "ldaps://ldap.example", userDn: "uid={0},dc=t" }
                """));
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        await _issuer.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task No_directory_is_shown_a_session_token_or_the_secret_of_a_robot()
    {
        var session = (await Login("alice", new Secret("password"))).RefreshToken!;
        var asked = _asked;
        foreach (var user in new[] { "alice@corp.example", "bob" })
        {
            var refused = await Login(user, session);
            Assert.Equal(LoginStatus.Rejected, refused.Status);
            Assert.Contains("_session", refused.Message);
        }

        Assert.Contains("robot$", (await Login("ci", RobotSecret.New())).Message);
        Assert.Equal(asked, _asked);
        Assert.Equal(LoginStatus.Granted, (await Login("ALICE", session)).Status);
    }

    [Fact]
    public void A_directory_that_a_tenant_defines_itself_comes_after_those_of_its_operator()
    {
        var (directory, tenants) = (_cluster.Service<AuthenticatorDirectory>(), _cluster.Configuration.Current.Configuration.Tenants);
        Assert.Equal(["corp", "mine"], directory.OfPasswords(tenants["part"]).Select(one => one.Name));
        Assert.True(directory.IsDirectoryOf(tenants["part"], "mine"));
        Assert.False(directory.IsDirectoryOf(tenants["part"], "corp"));
        Assert.Equal(["corp", "ci"], directory.OfPasswords(tenants["acme"]).Select(one => one.Name));
    }

    [Theory]
    [InlineData(-40, false)]
    [InlineData(-20, true)]
    [InlineData(5, true)]
    public async Task A_proof_that_is_about_to_end_opens_a_session_that_can_be_used(int seconds, bool isGranted)
    {
        var token = _issuer.Sign(new Dictionary<string, object>
        {
            ["iss"] = _issuer.Url, ["aud"] = "a", ["sub"] = "job", ["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() + seconds,
        });
        var result = await Login("ci", new Secret(token), LoginCredentialsKind.Assertion);
        Assert.Equal(isGranted ? LoginStatus.Granted : LoginStatus.Rejected, result.Status);
        if (isGranted)
        {
            Assert.InRange(result.ExpiresIn, 60, 90);
            Assert.InRange(result.RefreshExpiresIn!.Value, 30, 90);
        }
    }

    [Fact]
    public async Task What_a_plug_in_proves_for_the_past_is_no_session()
    {
        var identity = new VerifiedIdentity(
            "corp", "alice", [], new Dictionary<string, string>(), "", DateTimeOffset.UtcNow - TimeSpan.FromHours(1));
        var result = await _cluster.Service<AccessTokenIssuer>().Open(
            new LoginRequest { Tenant = "acme", Service = "a.example", Credentials = LoginCredentials.Anonymous },
            Verdict.Proved(identity));
        Assert.Equal(LoginStatus.Rejected, result.Status);
        Assert.StartsWith("expired", result.Message);
    }

    private async Task<LoginResult> Login(string user, Secret secret, LoginCredentialsKind kind = LoginCredentialsKind.Password) =>
        await _cluster.Client.GetGrain<ILoginGrain>(0).Login(
            new LoginRequest
            {
                Tenant = "acme", Service = "a.example", Offline = true, ClientAddress = "10.0.0.1",
                Credentials = new LoginCredentials(kind, user, secret),
            },
            TestContext.Current.CancellationToken);
}
