using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>What many sessions of one identity may do is said with one answer, which names the rules that it is by.</summary>
public sealed class SessionDecisionsTests
{
    private const string Key = "acme/staff/alice";

    [Fact]
    public async Task A_gateway_hears_of_all_sessions_at_once_and_of_the_rules_that_they_are_by()
    {
        await using var cluster = await GrainCluster.Start(
            Yaml("pull"), prepare: folder => folder.Write("htpasswd", $"alice:{BCrypt.Net.BCrypt.HashPassword("pw", 4)}\n"));
        var sessions = new[] { await Login(cluster), await Login(cluster) };
        var grain = cluster.Client.GetGrain<ISessionGrain>(Key);
        var decided = await grain.DecideAll([.. sessions.Select(session => session.Id), "unknown"], 1);
        Assert.Equal([0, 0, 1], decided.Places);
        Assert.Equal([true, false], decided.Distinct.Select(decision => decision.Open));
        Assert.Equal(RepositoryActions.Pull, Assert.Single(decided.Distinct[0].Rules).Actions);
        Assert.Equal("", decided.Distinct[0].Version);
        Assert.All((await grain.DecideAll([sessions[0].Id, "unknown"], 2)).Places, place => Assert.Equal(0, place));

        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var decisions = new DecisionCache(
            ClusterLab.Client(cluster.Client, new(time), time), new CurrentMap(time), new GatewayOptions(), time);
        Assert.All(await Ask(), decision => Assert.True(decision!.Open));
        time.Advance(TimeSpan.FromSeconds(60));
        Assert.All(await Ask(), decision => Assert.True(decision!.Open));

        var before = decided.Distinct[0].RulesStamp;
        Assert.Equal(before, (await grain.Decide(sessions[0].Id, 1)).RulesStamp);
        cluster.Configuration.Replace(ConfigurationFile.Parse(Yaml("push"), cluster.ConfigurationPath).Snapshot!);
        var after = await grain.Decide(sessions[0].Id, 1);
        Assert.NotEqual(before, after.RulesStamp);
        Assert.Equal(RepositoryActions.Push, Assert.Single(after.Rules).Actions);

        Task<SessionDecision?[]> Ask() =>
            Task.WhenAll(sessions.Select(session => decisions.Get(session, TestContext.Current.CancellationToken).AsTask()));
    }

    [Fact]
    public void Sessions_of_machines_are_decided_by_what_each_said_and_the_same_is_said_once()
    {
        var tenant = ConfigurationFile.Parse(
            """
            upstreams: { up: { url: "https://registry.example" } }
            authenticators: { k: { type: oidc, issuer: "https://idp.example", audience: x, allowAnySubject: true } }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [k]
                routes: [{ prefix: "", upstream: up }]
                access:
                  - { name: all, who: [authenticated], repositories: ["**"], actions: [pull] }
                  - { name: main, who: [authenticated], when: { ref: main }, repositories: ["**"], actions: [push] }
            """, "/config.yaml").Snapshot!.Configuration.Tenants["acme"];
        var identity = new VerifiedIdentity("k", "job", [], new Dictionary<string, string>(), "stamp");
        var sessions = new[] { Session("a", "main"), Session("b", "other"), Session("c", "main"),
            Session("old", "main") with { CredentialStamp = "former" } };
        var (lease, closed) = (TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(60));
        var decided = new SessionJudge(tenant, Verdict.Proved(identity), "rules", lease, closed)
            .Classify(["a", "b", "c", "old", "gone"], Find);
        Assert.Equal([0, 1, 0, 2, 2], decided.Places);
        Assert.Equal([2, 1, 0], decided.Distinct.Select(decision => decision.Rules.Count));
        Assert.Equal([lease, lease, closed], decided.Distinct.Select(decision => decision.Lease));
        Assert.All(decided.Distinct, decision => Assert.Equal("rules", decision.RulesStamp));

        decided = new SessionJudge(tenant, Verdict.Unavailable("away"), "rules", lease, closed).Classify(["a", "gone", "b"], Find);
        Assert.Equal([0, 1, 0], decided.Places);
        Assert.Equal([true, false], decided.Distinct.Select(decision => decision.Unavailable));
        decided = new SessionJudge(tenant, Verdict.Unknown, "rules", lease, closed).Classify(["a"], Find);
        Assert.False(Assert.Single(decided.Distinct).Open);

        StoredSession? Find(string id) => Array.Find(sessions, session => session.Id == id);

        static StoredSession Session(string id, string reference) => new(
            id, null, "stamp", DateTimeOffset.UnixEpoch, DateTimeOffset.MaxValue, "10.0.0.1",
            new Dictionary<string, string> { ["ref"] = reference });
    }

    private static string Yaml(string action) => $$"""
        upstreams: { up: { url: "https://registry.example" } }
        authenticators: { staff: { type: htpasswd, file: htpasswd } }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes: [{ prefix: "", upstream: up }]
            access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [{{action}}] }]
        """;

    private static async Task<SessionReference> Login(GrainCluster cluster)
    {
        var result = await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
        {
            Tenant = "acme", Service = "here", Offline = true, Credentials = new LoginCredentials(
                LoginCredentialsKind.Password, "alice", new Secret("pw")),
        });
        Assert.Equal(LoginStatus.Granted, result.Status);
        var claims = new JsonWebToken(result.AccessToken!.Reveal());
        return new SessionReference(
            Key, claims.GetPayloadValue<string>(AccessTokenClaims.Session), claims.GetPayloadValue<long>(AccessTokenClaims.Generation));
    }
}
