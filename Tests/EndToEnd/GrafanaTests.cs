using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>The dashboard and the alert rules ask for metrics that exist.</summary>
public sealed partial class GrafanaTests
{
    [Fact]
    public async Task Every_metric_that_they_name_is_served()
    {
        await using var hub = await MeteredRegistry.Start();
        (hub.Limit, hub.RetryAfter) = (0, "300");
        using var folder = new TemporaryFolder();
        var key = Convert.ToBase64String(new byte[32]);
        await using var door = await FrontDoor.Start(DoorConfiguration.Single(
            hub.Url, ", credentials: { type: basic, username: one, password: { value: canary } }",
            $"cache: {{ path: \"{folder.File("cache")}\" }}\nstate: {{ provider: file, file: {{ path: " +
            $"\"{folder.File("state")}\" }}, encryptionKeys: [{{ id: k1, key: {{ value: \"{key}\" }} }}] }}",
            ", cache: true").Replace("routes:", "limits: { requestsPerSecond: 5 }\n    routes:"));
        using var alice = door.Client("alice");
        var token = await alice.Token(RegistryClient.Pull("one/app"));
        for (var i = 0; i < 20; i++)
        {
            using var response = await alice.Send(HttpMethod.Get, "/v2/one/app/manifests/v1", token);
        }

        var served = await door.Admin("/metrics");
        var root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;
        var asked = string.Concat(Directory.GetFiles(Path.Combine(root, "deploy", "grafana")).Select(File.ReadAllText));

        // That of certificates is served where there is TLS: see ListenerTests; that of the membership where others keep it: see
        // WatchedMembershipTests; that of failures once an upstream fails: see FailingUpstreamTests.
        var named = Metric().Matches(asked).Select(match => match.Value).Distinct()
            .Except(["registryproxy_certificate_expires_seconds", "registryproxy_membership_losses_total",
                "registryproxy_gateway_upstream_failures_total", "registryproxy_grains_upstream_failures_total"]).ToList();
        Assert.True(named.Count >= 15, string.Join(' ', named));
        Assert.All(named, name =>
            Assert.True(served.Contains($"\n{name}{{") || served.Contains($"\n{name} "), $"{name} is not served:\n{served}"));
        var labels = Labels().Matches(asked).SelectMany(match => match.Groups[1].Value.Split(", ")).Distinct()
            .Except(["instance", "section"]).ToList();
        Assert.True(labels.Count >= 5, string.Join(' ', labels));
        Assert.All(labels, label => Assert.True(served.Contains($"{label}=\""), $"no metric has the label {label}"));
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

    [GeneratedRegex(@"\b(http_server|registryproxy|kestrel|dotnet|process)_[a-z0-9_]+\b")]
    private static partial Regex Metric();

    [GeneratedRegex(@"\bby \(([a-z_, ]+)\)")]
    private static partial Regex Labels();
}
