using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// What a directory says counts while a session lives: groups are replaced, a user who is gone is out, an outage is waited out.
/// </summary>
public sealed class LdapSessionTests
{
    [Fact]
    public async Task Groups_and_users_are_looked_up_again_and_an_outage_is_patience_not_access()
    {
        await using var directory = await Slapd.Start();
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var cluster = await GrainCluster.Start(Yaml(directory), time: time);
        var session = await Login(cluster, "frank");
        Assert.False(await session.MayPull());

        await directory.Modify(
            "dn: cn=ops,ou=groups,dc=example\nchangetype: modify\nadd: member\nmember: uid=frank,ou=people,dc=example\n");
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.True(await session.MayPull());

        await directory.Modify(
            "dn: cn=ops,ou=groups,dc=example\nchangetype: modify\ndelete: member\nmember: uid=frank,ou=people,dc=example\n");
        Assert.True(await session.MayPull());
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(LoginStatus.Granted, await session.Refresh());
        Assert.False(await session.MayPull());

        directory.Kill();
        time.Advance(TimeSpan.FromMinutes(4));
        Assert.True(await session.IsOpen());
        time.Advance(TimeSpan.FromMinutes(2));
        var decision = await session.Decide();
        Assert.Equal((false, true, TimeSpan.FromSeconds(5)), (decision.Open, decision.Unavailable, decision.Lease));
        Assert.Equal(LoginStatus.Unavailable, await session.Refresh());
    }

    [Fact]
    public async Task A_user_who_left_the_directory_is_out()
    {
        await using var directory = await Slapd.Start();
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var cluster = await GrainCluster.Start(Yaml(directory), time: time);
        var session = await Login(cluster, "erin");
        Assert.True(await session.MayPull());
        await directory.Modify("dn: uid=erin,ou=people,dc=example\nchangetype: delete\n");
        time.Advance(TimeSpan.FromSeconds(61));
        var decision = await session.Decide();
        Assert.Equal((false, false), (decision.Open, decision.Unavailable));
        Assert.Equal(LoginStatus.Rejected, await session.Refresh());
    }

    private static string Yaml(Slapd directory) => $$"""
        upstreams:
          up: { url: "https://registry.example" }
        authenticators:
          corp:
            type: ldap
            url: "ldaps://127.0.0.1:{{directory.TlsPort}}"
            ca: {{directory.Ca}}
            bindDn: "{{Slapd.Admin}}"
            bindPassword: { value: {{Slapd.AdminPassword}} }
            baseDn: "ou=people,dc=example"
            groupBaseDn: "ou=groups,dc=example"
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [corp]
            routes: [{ prefix: "", upstream: up }]
            access: [{ name: ops, who: ["group:ops"], repositories: ["**"], actions: [pull] }]
        """;

    private static async Task<Session> Login(GrainCluster cluster, string user)
    {
        var grain = cluster.Client.GetGrain<ILoginGrain>(0);
        var result = await grain.Login(
            Request(new LoginCredentials(LoginCredentialsKind.Password, user, new Secret(Slapd.PasswordOf(user)))));
        Assert.Equal(LoginStatus.Granted, result.Status);
        var claims = new JsonWebToken(result.AccessToken!.Reveal());
        return new Session(
            cluster.Client.GetGrain<ISessionGrain>(new SessionKey("acme", "corp", user).ToString()),
            grain,
            claims.GetPayloadValue<string>(AccessTokenClaims.Session),
            claims.GetPayloadValue<long>(AccessTokenClaims.Generation),
            result.RefreshToken!);
    }

    private static LoginRequest Request(LoginCredentials credentials) =>
        new() { Tenant = "acme", Service = "here", Offline = true, Credentials = credentials };

    private sealed record Session(ISessionGrain Grain, ILoginGrain Logins, string Id, long Generation, Secret Token)
    {
        public async Task<SessionDecision> Decide() => await Grain.Decide(Id, Generation);

        public async Task<bool> IsOpen() => (await Grain.Decide(Id, Generation)).Open;

        public async Task<bool> MayPull() => (await Grain.Decide(Id, Generation)).Rules.Count > 0;

        public async Task<LoginStatus> Refresh() =>
            (await Logins.Login(Request(new LoginCredentials(LoginCredentialsKind.RefreshToken, "", Token)))).Status;
    }
}
