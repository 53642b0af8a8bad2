using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Documents;
using RegistryProxy.Tests.Support.Clouds;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.State;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// What the text of a credential says is for the session that it opened: others of the same subject neither get nor lose anything by it.
/// What a person proves is for all sessions, and gateways are told of it when other rules match.
/// </summary>
public sealed class SessionClaimsTests : ISnapshotObserver
{
    private const string Subject = "repo:acme/api:environment:prod";

    private static readonly SessionKey Key = new("acme", "ci", Subject);

    [Fact]
    public async Task Jobs_of_the_guide_that_share_a_subject_have_the_rights_of_their_own_tokens_and_no_gateway_drops_anything()
    {
        const string Issuer = "    issuer: https://token.actions.githubusercontent.com\n";
        await using var issuer = await TestIssuer.Start();
        var guide = DocumentBlock.Of("docs/guides/ci.md", "upstreams:").Text;
        Assert.Contains(Issuer, guide);
        await using var cluster = await GrainCluster.Start(
            guide.Replace(Issuer, Issuer + "    jwks: { file: jwks.json }\n"), prepare: folder => folder.Write("jwks.json", issuer.KeySet));
        var snapshot = cluster.Client.GetGrain<ISnapshotGrain>(0);
        var follower = cluster.Client.CreateObjectReference<ISnapshotObserver>(this);
        var known = (await snapshot.Follow(follower, SnapshotPosition.Nothing with { Format = SnapshotPosition.Parts })).Position;

        var branch = await Login(cluster, issuer, "refs/heads/evil");
        var main = await Login(cluster, issuer, "refs/heads/main");
        Assert.Empty(branch.Granted);
        Assert.Equal(RepositoryActions.Pull | RepositoryActions.Push, Assert.Single(main.Granted).Actions);
        Assert.Empty(await Rules(cluster, branch));

        var another = await Login(cluster, issuer, "refs/heads/evil");
        Assert.Equal(["github"], (await Rules(cluster, main)).Select(rule => rule.Name));
        Assert.Empty(await Rules(cluster, branch));
        Assert.Empty(await Rules(cluster, another));

        var after = await snapshot.Follow(follower, known with { Format = SnapshotPosition.Parts });
        Assert.Equal((known.Sequence, known.Epoch, false), (after.Position.Sequence, after.Position.Epoch, after.DropAllDecisions));
        Assert.Empty(after.ChangedSessions);
        GC.KeepAlive(this);
    }

    [Fact]
    public void Claims_of_a_session_leave_those_of_the_subject_alone_and_those_of_a_person_are_for_all_others()
    {
        var thread = new VirtualThread();
        var storage = new FaultyStorage(thread.Time, new Random(0));
        var grain = GrainId.Create("session", Key.ToString());
        var book = new SessionBook(
            Stored<SessionState>("session"), new SessionPages(page => Stored<SessionPage>($"session-page-{page}")), thread.Time);

        Assert.Null(Open("browser", Proved("dev", "a"), own: false).Former);
        Assert.Null(Open("job", Proved("dev", "b"), own: true).Former);
        Assert.Equal(("a", null, "b"), Known());

        var former = Open("browser2", Proved("dev", "c"), own: false).Former;
        Assert.Equal("a", former!.Claims["ref"]);
        Assert.Equal(("c", null, "b"), Known());

        // So are the groups of a person all of his sessions', and those of a job its own.
        Assert.Null(Open("job2", Proved("ops", "d"), own: true).Former);
        Assert.Equal(("c", null, "b"), Known());
        Assert.Equal((null, "dev", "ops"), (GroupOf("browser"), GroupOf("job"), GroupOf("job2")));
        var moved = Open("browser3", Proved("ops", "c"), own: false);
        Assert.Equal(("dev", "ops"), (moved.Former!.Groups[0], moved.Identity.Groups[0]));
        Assert.Equal((null, "dev", "ops"), (GroupOf("browser"), GroupOf("job"), GroupOf("job2")));

        Stored<T> Stored<T>(string name)
            where T : class, new() => new(storage, name, grain, thread.Time);

        BookedSession Open(string id, VerifiedIdentity identity, bool own)
        {
            var now = thread.Time.GetUtcNow();
            var fresh = new StoredSession(id, "hash", "", now, now.AddHours(1), "127.0.0.1", own ? identity.Claims : null,
                own ? identity.Groups : null);
            return Run(() => book.Open(identity, fresh, TimeSpan.FromMinutes(15)));
        }

        (string OfAll, string? OfBrowser, string? OfJob) Known()
        {
            var state = Run(async () => await book.Read());
            return (state.Identity!.Claims["ref"], book.Find(state, "browser")!.Claims?["ref"], book.Find(state, "job")!.Claims?["ref"]);
        }

        string? GroupOf(string id)
        {
            var state = Run(async () => await book.Read());
            return book.Find(state, id)!.Groups?[0];
        }

        T Run<T>(Func<Task<T>> work)
        {
            var task = thread.Begin(work);
            thread.Finish(task);
            return task.GetAwaiter().GetResult();
        }
    }

    [Fact]
    public void Another_proof_is_told_of_when_it_matches_other_rules_alone()
    {
        var tenant = ConfigurationFile.Parse(
            """
            upstreams: { up: { url: "https://registry.example" } }
            authenticators: { ci: { type: oidc, issuer: "https://idp.example", audience: x, allowAnySubject: true } }
            tenants:
              acme:
                hosts: ["*"]
                authenticators: [ci]
                routes: [{ prefix: "", upstream: up }]
                access:
                  - { name: main, who: [authenticated], when: { ref: main }, repositories: ["**"], actions: [push] }
                  - { name: ops, who: ["group:ops"], when: { ref: other }, repositories: ["**"], actions: [pull] }
            """, "/config.yaml").Snapshot!.Configuration.Tenants["acme"];
        var before = new SessionRules(tenant, Proved("dev", "main"));
        Assert.True(before.AreThoseOf(new SessionRules(tenant, Proved("dev", "main", run: "2"))));
        Assert.True(before.AreThoseOf(new SessionRules(tenant, Proved("guests", "main"))));
        Assert.False(before.AreThoseOf(new SessionRules(tenant, Proved("dev", "branch"))));

        // Sessions of earlier versions have claims of their own and no groups: one may have another rule by it.
        Assert.False(before.AreThoseOf(new SessionRules(tenant, Proved("ops", "main"))));
    }

    Task ISnapshotObserver.Changed(SnapshotUpdate update) => Task.CompletedTask;

    private static VerifiedIdentity Proved(string group, string reference, string run = "1") =>
        new("ci", Subject, [group], new Dictionary<string, string> { ["ref"] = reference, ["run_id"] = run }, "");

    private static async Task<LoginResult> Login(GrainCluster cluster, TestIssuer issuer, string reference)
    {
        var now = DateTimeOffset.UtcNow;
        var token = issuer.Sign(new Dictionary<string, object>
        {
            ["iss"] = "https://token.actions.githubusercontent.com", ["aud"] = "docker.acme.example", ["sub"] = Subject,
            ["repository"] = "acme/api", ["repository_owner"] = "acme", ["ref"] = reference, ["jti"] = Guid.NewGuid().ToString(),
            ["iat"] = now.ToUnixTimeSeconds(), ["exp"] = now.AddMinutes(10).ToUnixTimeSeconds(),
        });
        var result = await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
        {
            Tenant = "acme", Service = "here", Credentials = new LoginCredentials(LoginCredentialsKind.Assertion, "ci", new Secret(token)),
            Scopes = [Scope.Of(RepositoryName.Parse("api"), RepositoryActions.Pull | RepositoryActions.Push)],
        });
        Assert.Equal((LoginStatus.Granted, Subject), (result.Status, result.Subject));
        return result;
    }

    private static async Task<IReadOnlyList<GrantedRule>> Rules(GrainCluster cluster, LoginResult login)
    {
        var claims = new JsonWebToken(login.AccessToken!.Reveal());
        var decision = await cluster.Client.GetGrain<ISessionGrain>(Key.ToString()).Decide(
            claims.GetPayloadValue<string>(AccessTokenClaims.Session), claims.GetPayloadValue<long>(AccessTokenClaims.Generation));
        Assert.True(decision.Open);
        return decision.Rules;
    }
}
