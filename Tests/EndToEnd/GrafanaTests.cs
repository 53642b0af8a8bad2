using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using RegistryProxy.NodeAgent.Telemetry;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The dashboards and the alert rules ask for what is served: each query is run by a real Prometheus.</summary>
[Collection(AloneCollection.Name)]
public sealed partial class GrafanaTests
{
    [Fact]
    public async Task Every_query_of_a_dashboard_finds_something_and_every_metric_is_well_named()
    {
        await using var hub = await MeteredRegistry.Start();
        (hub.Limit, hub.RetryAfter) = (1, "300");
        await using var opened = await RecordingUpstream.Start(Bearer);
        using var folder = new TemporaryFolder();
        await using var door = await FrontDoor.Start(Configuration(hub.Url, opened.Url, folder));
        await using var agent = await Agent();
        await using var prometheus = await PrometheusServer.Start(door.AdminUrl, agent.Urls.Single());
        await Traffic(door);
        var queries = Directory.GetFiles(Path.Combine(Manifests.Deploy, "grafana"), "*.json").SelectMany(Queries).Distinct().ToList();
        Assert.True(queries.Count >= 50, string.Join('\n', queries));
        foreach (var query in queries)
        {
            await Eventually.True(async () => await prometheus.Count(Anybody().Replace(query, "=~\".+\"")) > 0, $"{query} finds something");
        }

        var served = await door.Admin("/metrics");
        var ours = string.Join('\n', served.Split('\n').Where(line => Ours().IsMatch(line))) + "\n";
        (await Shell.Run("promtool", ["check", "metrics"], ours)).ShouldSucceed();

        // That of certificates is served where there is TLS: see ListenerTests; that of the membership where others keep it: see
        // WatchedMembershipTests; that of files that wait where there is a cluster: see AgreementClusterTests. Of files and of servers of
        // authenticators there is one once something was wrong: see UnusableFilesTests and ServiceOutageTests.
        var rules = await File.ReadAllTextAsync(Path.Combine(Manifests.Deploy, "grafana", "alerts.yaml"));
        var named = Metric().Matches(rules).Select(match => match.Value).Distinct()
            .Except(["registryproxy_certificate_expires_seconds", "registryproxy_certificate_starts_seconds", "registryproxy_membership_losses_total",
                "registryproxy_configuration_waiting", "registryproxy_certificate_refused", "registryproxy_configuration_unusable_seconds",
                "registryproxy_authenticator_failing_seconds"]).ToList();
        Assert.True(named.Count >= 12, string.Join(' ', named));
        Assert.All(named, name => Assert.True(served.Contains($"\n{name}{{") || served.Contains($"\n{name} "), $"{name} is not served"));
    }

    [Fact]
    public void Every_alert_has_its_row_and_every_failure_of_an_upstream_its_alert()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;
        var rules = File.ReadAllText(Path.Combine(root, "deploy", "grafana", "alerts.yaml"));
        var page = File.ReadAllText(Path.Combine(root, "docs", "operations.md"));
        var alerts = Alert().Matches(rules).Select(match => match.Groups[1].Value).ToList();
        Assert.True(alerts.Count > 15);
        Assert.Equal(alerts.Order(), Row().Matches(page).Select(match => match.Groups[1].Value).Order());
        foreach (var metric in new[] { "gateway", "grains" })
        {
            var asked = Reason().Matches(rules).Where(match => match.Groups[1].Value == metric)
                .Select(match => (match.Groups[2].Value, Words: match.Groups[3].Value.Split('|'))).ToList();
            var excepted = asked.Where(rule => rule.Item1[0] == '!').SelectMany(rule => rule.Words);
            Assert.Empty(excepted.Except(asked.Where(rule => rule.Item1[0] != '!').SelectMany(rule => rule.Words)));
        }
    }

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alert();

    [GeneratedRegex(@"^\| (RegistryProxy\w+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"registryproxy_(gateway|grains)_upstream_failures_total\{reason(!?=~?)""([^""]+)""\}")]
    private static partial Regex Reason();

    /// <summary>Something for every counter.</summary>
    private static async Task Traffic(FrontDoor door)
    {
        using var alice = door.Client("alice");
        using var bob = door.Client("bob");
        using var wrong = new RegistryClient(door.DataUrl, "alice", "wrong");
        for (var round = 0; round < 3; round++)
        {
            (await alice.GetManifest("one/app", $"v{round}")).Dispose();
            (await alice.GetManifest("opened/app", "v1")).Dispose();
            (await alice.GetManifest("opened/bad", "v1")).Dispose();
            (await alice.GetManifest("dead/app", "v1")).Dispose();
            (await bob.Do(HttpMethod.Post, "/v2/one/app/blobs/uploads/", RegistryClient.Push("one/app"))).Dispose();
            (await wrong.RequestToken([RegistryClient.Pull("one/app")])).Dispose();
        }

        (await alice.Send(HttpMethod.Put, "/v2/opened/app/manifests/v9", await alice.Token(RegistryClient.Push("opened/app")),
            new ByteArrayContent(new byte[100]))).Dispose();
        for (var i = 0; i < 10; i++)
        {
            (await alice.Send(HttpMethod.Get, "/v2/", null, null, ("Host", "limited.example"))).Dispose();
        }
    }

    private static string Configuration(string hub, string opened, TemporaryFolder folder) => $$"""
        cache: { path: "{{folder.File("cache")}}" }
        state: { provider: file, file: { path: "{{folder.File("state")}}" }, encryptionKeys: [{ id: k1, key: { value: "{{Convert.ToBase64String(new byte[32])}}" } }] }
        upstreams:
          hub: { url: "{{hub}}", allowPrivate: true, credentials: { type: basic, username: one, password: { value: canary } } }
          opened: { url: "{{opened}}", allowPrivate: true }
          dead: { url: "http://127.0.0.1:{{FreePort.Next()}}", allowPrivate: true }
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes:
              - { prefix: "", upstream: hub, cache: true }
              - { prefix: opened, upstream: opened }
              - { prefix: dead, upstream: dead }
            access: [{ name: alice, who: ["user:alice"], repositories: ["**"], actions: [pull, push] }, { name: bob, who: ["user:bob"], repositories: ["**"], actions: [pull] }]
          limited:
            hosts: [limited.example]
            publicUrl: https://limited.example
            authenticators: [staff]
            limits: { requestsPerSecond: 1 }
            routes: [{ prefix: "", upstream: hub }]
            access: [{ name: alice, who: ["user:alice"], repositories: ["**"], actions: [pull] }]
        """;

    /// <summary>A registry with a token service, of which one repository fails.</summary>
    private static Task Bearer(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path == "/token")
        {
            return context.Response.WriteAsync("""{"token":"t"}""");
        }

        if (context.Request.Headers.Authorization.Count == 0)
        {
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\",service=\"x\"";
            return Task.CompletedTask;
        }

        context.Response.StatusCode = path.Contains("/bad/") || path.EndsWith("/bad", StringComparison.Ordinal) ? 503 : 404;
        return Task.CompletedTask;
    }

    /// <summary>The metrics of an agent that has pulled.</summary>
    private static async Task<WebApplication> Agent()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddAgentMetrics();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.RunHealth();
        await app.StartAsync(TestContext.Current.CancellationToken);
        var metrics = app.Services.GetRequiredService<AgentMetrics>();
        metrics.BeginPull().Dispose();
        metrics.Exchanged("https://door.example", true);
        return app;
    }

    private static IEnumerable<string> Queries(string dashboard) => JsonDocument.Parse(File.ReadAllText(dashboard)).RootElement
        .GetProperty("panels").EnumerateArray().SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
        .Select(target => target.GetProperty("expr").GetString()!);

    [GeneratedRegex("=\"\\$[a-z]+\"")]
    private static partial Regex Anybody();

    [GeneratedRegex("^(# (HELP|TYPE) )?registryproxy_")]
    private static partial Regex Ours();

    [GeneratedRegex(@"\b(http_server|registryproxy|kestrel|dotnet|process)_[a-z0-9_]+\b")]
    private static partial Regex Metric();
}
