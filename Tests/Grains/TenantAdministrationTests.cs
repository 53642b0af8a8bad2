using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>The grain of tenants' administration believes tokens of administrators and nothing else that a gateway says.</summary>
public sealed partial class TenantAdministrationTests
{
    private static string Yaml(string admins) => $$"""
        upstreams: { up: { url: "https://registry.example" } }
        authenticators: { staff: { type: htpasswd, file: htpasswd, groups: { admins: [{{admins}}] } } }
        tenants:
          acme:
            hosts: ["a.example"]
            authenticators: [staff]
            administrators: ["group:staff/admins"]
            routes: [{ prefix: "", upstream: up }]
            access:
              - { name: apps, who: ["user:alice"], repositories: ["apps/**"], actions: [pull, push] }
              - { name: all, who: [authenticated], repositories: ["base/*"], actions: [pull, catalog] }
              - { name: releases, who: ["robot:deploy-*"], repositories: ["prod/**"], actions: [pull, push] }
              - { name: builds, who: ["robot:build-*"], repositories: ["apps/*", "base/os"], actions: [pull] }
              - { name: claims, who: ["robot:claim-*"], when: { namespace: prod }, repositories: ["prod/**"], actions: [push] }
          other:
            hosts: ["o.example"]
            authenticators: [staff]
            administrators: ["user:staff/bob"]
            routes: [{ prefix: "", upstream: up }]
        """;

    [Fact]
    public async Task Whatever_is_not_the_token_of_an_administrator_of_this_tenant_now_gets_nothing()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var cluster = await Start(time);
        var alice = await Login(cluster, "alice");
        Assert.Equal(200, (await Ask(cluster, alice)).Status);
        Assert.Equal(401, (await Ask(cluster, alice, tenant: "other")).Status);
        Assert.Equal(401, (await Ask(cluster, alice, tenant: "nowhere")).Status);
        Assert.Equal(200, (await Ask(cluster, await Login(cluster, "bob", "other"), tenant: "other")).Status);
        var parts = alice.Split('.');
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var token in new[]
        {
            "", "x", "a.b.c", await Login(cluster, "bob"), await Login(cluster, "carol"), await Login(cluster, "bob", "other"),
            await Login(cluster, "alice", administers: false), $"{parts[0]}.{parts[1]}.", $"{parts[0]}.{parts[1]}.{parts[2][..^4]}AAAA",
            $"eyJhbGciOiJub25lIn0.{parts[1]}.", new string('x', 20_000),
            Forged(parts, "none", _ => []), Forged(parts, "ES256", text => stranger.SignData(text, HashAlgorithmName.SHA256)),
            Forged(parts, "HS256", text => HMACSHA256.HashData(Encoding.UTF8.GetBytes(new JsonWebToken(alice).Kid), text)),
        })
        {
            var reply = await Ask(cluster, token);
            Assert.Equal(401, reply.Status);
            Assert.Null(reply.Body);
        }

        // Young enough, and still an administrator's.
        time.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal(200, (await Ask(cluster, alice)).Status);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(401, (await Ask(cluster, alice)).Status);

        var dave = await Login(cluster, "dave");
        Assert.Equal(200, (await Ask(cluster, dave)).Status);
        cluster.Configuration.Replace(ConfigurationFile.Parse(Yaml("alice"), cluster.ConfigurationPath).Snapshot!);
        Assert.Equal(401, (await Ask(cluster, dave)).Status);

        alice = await Login(cluster, "alice");
        var session = new JsonWebToken(alice).GetPayloadValue<string>(AccessTokenClaims.Session);
        var ended = await Ask(cluster, await Login(cluster, "alice"), "POST", "sessions/revoke", $$"""{"session":"{{session}}"}""");
        Assert.Equal((200, "revoke", session), (ended.Status, ended.Change!.Event, ended.Change.Reference));
        Assert.Equal(401, (await Ask(cluster, alice)).Status);
    }

    [Theory]
    [InlineData("apps/**", "pull", 201)]
    [InlineData("apps/web", "pull,push", 201)]
    [InlineData("base/os", "pull", 201)]
    [InlineData("base/*", "catalog", 201)]
    [InlineData("apps/**", "delete", 403)]
    [InlineData("base/os", "push", 403)]
    [InlineData("**", "pull", 403)]
    [InlineData("base/**", "pull", 403)]
    [InlineData("apps/*", "catalog", 403)]
    public async Task A_robot_may_no_more_than_who_makes_it(string pattern, string actions, int status)
    {
        await using var cluster = await Start();
        var alice = await Login(cluster, "alice");
        var body = JsonSerializer.Serialize(new { name = "ci", repositories = new[] { pattern }, actions = actions.Split(',') });
        var reply = await Ask(cluster, alice, "POST", "robots", body);
        Assert.Equal(status, reply.Status);
        var listed = (await Ask(cluster, alice, "GET", "robots")).Body!.Reveal();
        Assert.Equal(status == 201, listed.Contains("\"createdBy\": \"staff/alice\""));
        Assert.Equal(status == 201 ? "robot-create" : null, reply.Change?.Event);
        Assert.DoesNotContain("rpbot_", listed);
    }

    [Fact]
    public async Task The_secret_of_a_robot_that_may_more_is_not_given_out_anew_and_it_is_revoked_all_the_same()
    {
        await using var cluster = await Start();
        var alice = await Login(cluster, "alice");
        var robots = cluster.Service<RobotAdministration>();
        await robots.Ask("acme", (grain, pass) => grain.Create(pass, new RobotOrder(
            "strong", [RepositoryPattern.Parse("**")], RepositoryActions.Delete, DateTimeOffset.UtcNow.AddDays(1), "operator")));
        Assert.Equal(403, (await Ask(cluster, alice, "POST", "robots/strong/rotate")).Status);
        Assert.Equal(200, (await Ask(cluster, alice, "DELETE", "robots/strong")).Status);
        Assert.Equal(404, (await Ask(cluster, alice, "DELETE", "robots/strong")).Status);
        Assert.Equal(201, (await Ask(cluster, alice, "POST", "robots",
            """{"name":"weak","repositories":["apps/*"],"actions":["push"]}""")).Status);
        Assert.Equal("robot-rotate", (await Ask(cluster, alice, "POST", "robots/weak/rotate")).Change!.Event);
    }

    [Theory]
    [InlineData("deploy-x", 403)]
    [InlineData("deploy-", 403)]
    [InlineData("deploy", 201)]
    [InlineData("build-1", 201)]
    [InlineData("claim-1", 201)]
    public async Task Nor_by_a_rule_for_robots_of_its_name(string name, int status)
    {
        await using var cluster = await Start();
        var alice = await Login(cluster, "alice");
        var reply = await Ask(
            cluster, alice, "POST", "robots", $$"""{"name":"{{name}}","repositories":["apps/**"],"actions":["pull"]}""");
        Assert.Equal(status, reply.Status);
        Assert.Equal(status == 403, reply.Message.Contains($"access rule 'releases' lets robot:{name} pull all of 'prod/**'"));

        // The same at a secret of one that the operator made.
        await cluster.Service<RobotAdministration>().Ask("acme", (grain, pass) => grain.Create(pass, new RobotOrder(
            name, [RepositoryPattern.Parse("apps/web")], RepositoryActions.Pull, DateTimeOffset.UtcNow.AddDays(1), "operator")));
        Assert.Equal(status == 403 ? 403 : 200, (await Ask(cluster, alice, "POST", $"robots/{name}/rotate")).Status);
    }

    [Theory]
    [InlineData("DELETE", "robots/ci", "tenant=other", null)]
    [InlineData("DELETE", "robots/ci", "tenant=acme&tenant=acme", null)]
    [InlineData("DELETE", "robots/ci", "name=other", null)]
    [InlineData("DELETE", "robots/ci", "", """{"tenant":"other"}""")]
    [InlineData("DELETE", "robots/ci/secrets/00", "tenant=other", null)]
    [InlineData("POST", "robots/ci/rotate", "tenant=other", null)]
    [InlineData("POST", "robots", "tenant=other", """{"name":"x","repositories":["apps/*"],"actions":["push"]}""")]
    [InlineData("POST", "sessions/revoke", "tenant=other", """{"subject":"alice"}""")]
    [InlineData("POST", "sessions/revoke", "", """{"subject":"alice","tenant":"other"}""")]
    [InlineData("GET", "audit", "limit=0", null)]
    [InlineData("GET", "audit", "who=alice", null)]
    [InlineData("GET", "sessions", "subject=alice", null)]
    [InlineData("GET", "sessions", "", "{}")]
    [InlineData("GET", "usage", "since=now", null)]
    [InlineData("GET", "explain", "tenant=other&repository=a/b&action=pull", null)]
    public async Task What_is_meant_for_another_tenant_or_says_what_nobody_reads_changes_nothing(
        string method, string path, string query, string? body)
    {
        await using var cluster = await Start();
        var alice = await Login(cluster, "alice");
        Assert.Equal(201, (await Ask(cluster, alice, "POST", "robots",
            """{"name":"ci","repositories":["apps/*"],"actions":["push"]}""")).Status);
        var before = (await Ask(cluster, alice, path: "robots")).Body!.Reveal();
        var reply = await Ask(cluster, alice, method, path, body, query: query);
        Assert.Equal(400, reply.Status);
        Assert.Null(reply.Change);
        Assert.Equal(before, (await Ask(cluster, alice, path: "robots")).Body!.Reveal());
    }

    [Fact]
    public async Task Revocations_are_so_many_and_of_names_that_somebody_may_have()
    {
        await using var cluster = await Start(new FakeTimeProvider(DateTimeOffset.UtcNow));
        var alice = await Login(cluster, "alice");
        foreach (var subject in new[] { "", new string('x', 513), "a\u0000b" })
        {
            var reply = await Ask(cluster, alice, "POST", "sessions/revoke", JsonSerializer.Serialize(new { subject }));
            Assert.Equal(400, reply.Status);
        }

        foreach (var path in new[] { $"robots/{new string('x', 64)}", "robots/$x", "robots/ci/secrets/$", $"robots/x/secrets/{new string('a', 64)}" })
        {
            var reply = await Ask(cluster, alice, "DELETE", path);
            Assert.Equal((404, null), (reply.Status, reply.Change));
        }

        List<int> statuses = [];
        for (var i = 0; i < 120; i++)
        {
            statuses.Add((await Ask(cluster, alice, "POST", "sessions/revoke", $"{{\"subject\":\"nobody-{i}\"}}")).Status);
        }

        Assert.Equal(100, statuses.Count(status => status == 200));
        Assert.Equal(20, statuses.Count(status => status == 429));
        Assert.Equal(429, (await Ask(cluster, alice, "DELETE", "robots/ci")).Status);
        Assert.Equal(200, (await Ask(cluster, alice)).Status);
    }

    [Fact]
    public async Task What_an_attempt_before_may_have_revoked_has_its_line_and_no_end_of_what_is_gone()
    {
        await using var cluster = await Start();
        var alice = await Login(cluster, "alice");
        await Ask(cluster, alice, "POST", "robots", """{"name":"ci","repositories":["apps/*"],"actions":["push"]}""");
        var revoked = await Ask(cluster, alice, "DELETE", "robots/ci");
        Assert.Equal((200, "robot-revoke", null), (revoked.Status, revoked.Change!.Event, revoked.Change.Reason));
        var again = await Ask(cluster, alice, "DELETE", "robots/ci");
        Assert.Equal((404, "robot-revoke", "it was not there any more"), (again.Status, again.Change!.Event, again.Change.Reason));
        var secret = await Ask(cluster, alice, "DELETE", "robots/ci/secrets/00");
        Assert.Equal((404, "robot-secret-end", "00"), (secret.Status, secret.Change!.Event, secret.Change.Reference));
    }

    [Fact]
    public async Task Of_groups_in_a_shared_directory_those_are_told_that_a_rule_is_about()
    {
        await using var cluster = await Start();
        var alice = await Login(cluster, "alice");
        const string Question = "subject=alice&repository=apps/a&action=pull";
        var told = await Ask(cluster, alice, path: "explain", query: Question);
        Assert.Equal(200, told.Status);
        Assert.DoesNotContain("admins", told.Body!.Reveal());
        cluster.Configuration.Replace(ConfigurationFile.Parse(
            Yaml("alice").Replace("who: [\"user:alice\"]", "who: [\"group:admins\"]"), cluster.ConfigurationPath).Snapshot!);
        Assert.Contains("admins", (await Ask(cluster, alice, path: "explain", query: Question)).Body!.Reveal());
    }

    [Fact]
    public async Task Whom_a_shared_directory_knows_is_told_of_who_is_logged_in_here()
    {
        await using var cluster = await Start();
        var alice = await Login(cluster, "alice");
        await Login(cluster, "carol", "other", administers: false);
        async Task<string> Told(string subject, string field = "")
        {
            var query = $"subject={subject}&groups=x&repository=base/os&action=pull{field}";
            var reply = await Ask(cluster, alice, path: "explain", query: query);
            Assert.Equal(200, reply.Status);
            return reply.Body!.Reveal().Replace(subject, "NAME");
        }

        // Bob and carol are there, zed is not.
        foreach (var field in new[] { "", "&authenticator=staff" })
        {
            var nobody = await Told("zed", field);
            Assert.Contains("whether there is such a user is not told", nobody);
            Assert.Equal(nobody, await Told("bob", field));
            Assert.Equal(nobody, await Told("carol", field));
        }

        await Login(cluster, "bob", administers: false);
        await Eventually.True(async () => (await Told("bob")).Contains("\"lacks\": null"), "who is logged in here is looked up");
        Assert.Contains("is not told", await Told("carol"));
        Assert.Contains("is not told", await Told("BOB"));
    }

    private static Task<GrainCluster> Start(TimeProvider? time = null) => GrainCluster.Start(
        Yaml("alice, dave"), time: time, prepare: folder => folder.Write("htpasswd", string.Concat(
            new[] { "alice", "bob", "carol", "dave" }.Select(user => $"{user}:{BCrypt.Net.BCrypt.HashPassword("pw", 4)}\n"))));

    private static async Task<AdministrationReply> Ask(
        GrainCluster cluster, string token, string method = "GET", string path = "sessions", string? body = null, string tenant = "acme",
        string query = "") =>
        await cluster.Client.GetGrain<ITenantAdministrationGrain>(tenant).Handle(new AdministrationRequest
        {
            Token = new Secret(token), Method = method, Path = path, Query = query, Body = body is null ? null : new Secret(body),
        });

    /// <summary>The same token under the same key's name, signed otherwise.</summary>
    private static string Forged(string[] parts, string algorithm, Func<byte[], byte[]> sign)
    {
        var header = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[0])).Replace("ES256", algorithm);
        var text = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{parts[1]}";
        return $"{text}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(text)))}";
    }

    private static async Task<string> Login(GrainCluster cluster, string user, string tenant = "acme", bool administers = true)
    {
        var result = await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
        {
            Tenant = tenant, Service = "here", Administers = administers,
            Credentials = new LoginCredentials(LoginCredentialsKind.Password, user, new Secret("pw")),
        });
        return result.AccessToken!.Reveal();
    }
}
