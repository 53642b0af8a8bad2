using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>The grain of tenants' administration believes tokens of administrators and nothing else that a gateway says.</summary>
public sealed class TenantAdministrationTests
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
        foreach (var token in new[]
        {
            "", "x", "a.b.c", await Login(cluster, "bob"), await Login(cluster, "carol"), await Login(cluster, "bob", "other"),
            await Login(cluster, "alice", administers: false), $"{parts[0]}.{parts[1]}.", $"{parts[0]}.{parts[1]}.{parts[2][..^4]}AAAA",
            $"eyJhbGciOiJub25lIn0.{parts[1]}.", new string('x', 20_000),
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

    private static Task<GrainCluster> Start(TimeProvider? time = null) => GrainCluster.Start(
        Yaml("alice, dave"), time: time, prepare: folder => folder.Write("htpasswd", string.Concat(
            new[] { "alice", "bob", "carol", "dave" }.Select(user => $"{user}:{BCrypt.Net.BCrypt.HashPassword("pw", 4)}\n"))));

    private static async Task<AdministrationReply> Ask(
        GrainCluster cluster, string token, string method = "GET", string path = "sessions", string? body = null, string tenant = "acme") =>
        await cluster.Client.GetGrain<ITenantAdministrationGrain>(tenant).Handle(new AdministrationRequest
        {
            Token = new Secret(token), Method = method, Path = path, Body = body is null ? null : new Secret(body),
        });

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
