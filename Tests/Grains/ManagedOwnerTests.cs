using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Grains;

/// <summary>
/// A tenant's name that is given to somebody else brings nothing of its former owner with it, and an administrator who guesses a secret
/// is not told whether it is the one that is there.
/// </summary>
public sealed class ManagedOwnerTests : IDisposable
{
    private const string Good = """
        authenticators: [staff]
        routes: [{ prefix: "", upstream: up }]
        access: [{ name: all, who: [authenticated], repositories: ["**"], actions: [pull] }]
        """;

    private readonly TemporaryFolder _folder = new();
    private ConfigurationWatcher? _silo;

    public ManagedOwnerTests() => _folder.Write("htpasswd", string.Concat(
        new[] { "alice", "bob" }.Select(user => $"{user}:{BCrypt.Net.BCrypt.HashPassword("pw", 4)}\n")));

    [Fact]
    public async Task Whoever_gets_a_name_sees_and_uses_nothing_of_who_had_it_before()
    {
        await using var cluster = await Start();
        var (alice, reports) = (await Login(cluster, "alice"), cluster.Service<TenantReports>());
        Assert.Equal(200, (await Ask(cluster, alice, "PUT", Good, "*")).Status);
        Assert.Equal(200, (await Ask(cluster, alice, "PUT", Good.Replace("all", "secret-of-alice"), "*")).Status);
        await Give("b.example", "alice");
        Assert.Equal(200, (await Ask(cluster, alice, "GET")).Status);
        await Eventually.True(() => !Tenant.IsUnusable, "other hosts are no other owner");
        await Give("b.example, c.example", "bob");
        await Eventually.True(() => !Tenant.IsUnusable && Tenant.Administrators[0].Glob == "bob", "nor other administrators");

        await Give("d.example", "alice");
        await Eventually.True(() => Tenant.IsUnusable, "who has neither in common is somebody else");
        Assert.Contains("previous tenant of this name", Assert.Single(Assert.Single(_silo!.LastFaults).Errors).Message);
        alice = await Login(cluster, "alice");
        foreach (var (method, path, body) in new[]
        {
            ("GET", "configuration", null), ("GET", "configuration/history", null), ("PUT", "configuration", Good),
            ("POST", "configuration/rollback", """{"version": 1}"""),
        })
        {
            var refused = await Ask(cluster, alice, method, body, "*", path);
            Assert.Equal((409, null), (refused.Status, refused.Body));
        }

        // Operators see it, and make it the tenant's by a change of theirs.
        Assert.Contains("secret-of-alice", (await Operator(reports, "GET", "configuration")).Body!.Reveal());
        Assert.Equal(200, (await Operator(reports, "POST", "configuration/rollback", """{"version": 2}""")).Status);
        await Eventually.True(() => !Tenant.IsUnusable, "it is in use");
        Assert.Equal(200, (await Ask(cluster, alice, "GET")).Status);

        // And of what was before nothing comes back, nor do its secrets.
        var history = (await Ask(cluster, alice, "GET", path: "configuration/history")).Body!.Reveal();
        Assert.Contains("\"version\": 3", history);
        Assert.DoesNotContain("\"version\": 2", history);
        Assert.Equal(404, (await Ask(cluster, alice, "POST", """{"version": 2}""", path: "configuration/rollback")).Status);
    }

    [Fact]
    public async Task Operators_drop_what_is_left_of_a_tenant()
    {
        await using var cluster = await Start();
        var (alice, reports) = (await Login(cluster, "alice"), cluster.Service<TenantReports>());
        await Ask(cluster, alice, "PUT", Good, "*");
        await Ask(cluster, alice, "PUT", Good.Replace("all", "two"), "*");
        await Eventually.True(() => Tenant.Access.Count == 1, "it is in use");
        var robots = cluster.Service<RobotAdministration>();
        var made = await robots.Ask("acme", (grain, pass) => grain.Create(pass, new RobotOrder(
            "ci", [RepositoryPattern.Parse("**")], RepositoryActions.Pull, DateTimeOffset.UtcNow.AddDays(1), "operator")));
        Assert.Equal(RobotOutcome.Done, made.Outcome);
        Assert.Equal(new ForgottenTenant(2, 1), await reports.Forget("acme"));
        await Eventually.True(() => Tenant is { IsUnusable: false, Access.Count: 0 }, "nothing of it is in use");
        Assert.Empty(await robots.Ask("acme", (grain, pass) => grain.List(pass)));
        var shown = await Ask(cluster, alice, "GET");
        Assert.Equal(("", "\"0\""), (shown.Body!.Reveal(), shown.ETag));
        Assert.Contains("\"versions\": []", (await Ask(cluster, alice, "GET", path: "configuration/history")).Body!.Reveal());
        Assert.Equal(new ForgottenTenant(0, 0), await reports.Forget("acme"));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(
            async () => await cluster.Client.GetGrain<ITenantReportGrain>("acme").Forget(new string('0', 64)));
        Assert.Equal(200, (await Ask(cluster, alice, "PUT", Good, "\"0\"")).Status);
    }

    [Theory]
    [InlineData("PUT", "check=true")]
    [InlineData("PUT", "")]
    public async Task Whether_a_guess_is_the_secret_that_is_there_is_told_by_nothing(string method, string query)
    {
        const string Right = "s3cr3t-right", Wrong = "s3cr3t-wrong";
        await using var cluster = await Start();
        var alice = await Login(cluster, "alice");
        List<string> told = [];
        foreach (var guess in new[] { Right, Wrong, $"{Wrong}-and-longer" })
        {
            await cluster.Service<TenantReports>().Forget("acme");
            Assert.Equal(200, (await Ask(cluster, alice, "PUT", With(Right), "*")).Status);
            var answer = await Ask(cluster, alice, method, With(guess), "*", query: query);
            var back = query.Length == 0 ? await Ask(cluster, alice, "POST", """{"version": 1}""", path: "configuration/rollback") : answer;
            var history = await Ask(cluster, alice, "GET", path: "configuration/history");
            told.Add(string.Join('\n', new[] { answer, back, history }.Select(Told)));
        }

        Assert.Single(told.Distinct());
        Assert.Contains("credentials.password.value: *** \\u2192 ***", told[0]);
        if (query.Length == 0)
        {
            Assert.Contains("\"version\": 3", told[0]);
        }

        // What says nothing of secrets is no change.
        var shown = (await Ask(cluster, alice, "GET")).Body!.Reveal();
        Assert.Contains("\"changed\": false", (await Ask(cluster, alice, "PUT", shown, "*")).Body!.Reveal());
    }

    [Fact]
    public async Task Readings_are_so_many_and_so_long()
    {
        await using var cluster = await Start();
        var (alice, reports) = (await Login(cluster, "alice"), cluster.Service<TenantReports>());
        await Ask(cluster, alice, "PUT", $"{Good}\n#{new string('x', 1_000_000)}", "*");
        foreach (var path in new[] { "configuration", "configuration/history" })
        {
            List<int> statuses = [];
            for (var i = 0; i < 12; i++)
            {
                statuses.Add((await Ask(cluster, alice, "GET", path: path)).Status);
            }

            Assert.Contains(429, statuses);
            Assert.All(statuses, status => Assert.True(status is 200 or 429));
        }

        // Operators have no such bound: they mend what administrators break.
        for (var i = 0; i < 25; i++)
        {
            Assert.Equal(200, (await Operator(reports, "GET", "configuration")).Status);
            Assert.Equal(200, (await Operator(reports, "PUT", "configuration", Good, "check=true")).Status);
        }
    }

    public void Dispose()
    {
        _silo?.Dispose();
        _folder.Dispose();
    }

    private TenantConfiguration Tenant => _silo!.Current.Configuration.Tenants["acme"];

    private static string Yaml(string hosts, string admin) => $$"""
        upstreams: { up: { url: "https://registry.example" } }
        authenticators: { staff: { type: htpasswd, file: htpasswd } }
        tenants:
          acme:
            hosts: [{{hosts}}]
            mayUse: { upstreams: [up], authenticators: [staff] }
            administrators: ["user:staff/{{admin}}"]
            managed: true
        """;

    private static string With(string secret) => $$"""
        {{Good}}
        define:
          upstreams: { mine: { url: "https://m.example", credentials: { type: basic, username: u, password: { value: {{secret}} } } } }
        """;

    /// <summary>An answer without what differs by the time of it.</summary>
    private static string Told(AdministrationReply reply)
    {
        var root = JsonDocument.Parse(reply.Body!.Reveal()).RootElement;
        return root.TryGetProperty("versions", out var versions)
            ? string.Join('\n', versions.EnumerateArray().Select(version => string.Join(' ', version.EnumerateObject()
                .Where(member => member.Name is not ("at" or "eTag")).Select(member => $"{member.Name}={member.Value}"))))
            : $"{reply.Status} {root} {reply.Change?.Reason}";
    }

    private async Task Give(string hosts, string admin)
    {
        var before = _silo!.Current;
        _folder.Write("config.yaml", Yaml(hosts, admin));
        await Eventually.True(() => Tenant.Administrators[0].Glob == admin && string.Join(", ", Tenant.Hosts) == hosts, "it is read");
        Assert.NotSame(before, _silo.Current);
        // Whose it is now is noted before the next step.
        await Eventually.True(() => !_silo.Managed.TryGet("acme", out var part) || part.Owner is null
            || part.Owner.Equals(PartOwner.Of(Tenant)) || !part.Owner.MayBe(PartOwner.Of(Tenant)), "it is noted");
    }

    private Task<GrainCluster> Start()
    {
        var yaml = Yaml("a.example", "alice");
        var path = _folder.Write("config.yaml", yaml);
        return GrainCluster.Start(yaml, prepare: folder => File.Copy(_folder.File("htpasswd"), folder.File("htpasswd")), silo: silo =>
        {
            var files = new ConfigurationFiles(path);
            _silo = new ConfigurationWatcher(files, files.Read(), TimeProvider.System);
            silo.Services.AddSingleton<IConfigurationFeed>(_silo);
            silo.Services.AddKeptParts(_silo);
        });
    }

    private static ValueTask<AdministrationReply> Operator(
        TenantReports reports, string method, string path, string? body = null, string query = "") =>
        reports.Change("acme", new AdministrationRequest
        {
            Token = new Secret(""), Method = method, Path = path, Query = query, IfMatch = "*",
            Body = body is null ? null : new Secret(body),
        });

    private static async Task<AdministrationReply> Ask(
        GrainCluster cluster, string token, string method, string? body = null, string? ifMatch = null, string path = "configuration",
        string query = "") =>
        await cluster.Client.GetGrain<ITenantAdministrationGrain>("acme").Handle(new AdministrationRequest
        {
            Token = new Secret(token), Method = method, Path = path, Query = query, IfMatch = ifMatch,
            Body = body is null || method == "GET" ? null : new Secret(body),
        });

    private static async Task<string> Login(GrainCluster cluster, string user)
    {
        var result = await cluster.Client.GetGrain<ILoginGrain>(0).Login(new LoginRequest
        {
            Tenant = "acme", Service = "here", Administers = true,
            Credentials = new LoginCredentials(LoginCredentialsKind.Password, user, new Secret("pw")),
        });
        return result.AccessToken!.Reveal();
    }
}
