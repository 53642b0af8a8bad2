using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A configuration file with errors is seen wherever operators look, until it is mended.</summary>
public sealed class BrokenConfigurationTests
{
    [Fact]
    public async Task It_is_on_the_page_in_the_probe_and_a_metric_until_one_line_says_that_it_is_mended()
    {
        var good = DoorConfiguration.Single("http://127.0.0.1:9");
        await using var door = await FrontDoor.Start(good);
        Assert.Contains("\"errors\":0", await door.Readiness());
        Assert.DoesNotContain("brokenSince", await door.Readiness());
        Assert.Equal(0, await door.Metric("registryproxy_configuration_errors"));
        door.WriteConfig(good.Replace("upstream: local", "upstream: locale"));
        await Eventually.True(async () => await door.Metric("registryproxy_configuration_errors") == 1, "the metric says so");
        var probe = await door.Readiness();
        Assert.Contains("\"ready\":true", probe);
        Assert.Contains("\"brokenSince\":\"20", probe);
        Assert.Matches(new Regex("""errorsAt":\["config\.yaml:\d+"\]"""), probe);
        Assert.DoesNotContain("acme", probe);
        Assert.DoesNotContain("there is no upstream", probe);
        var page = await door.Admin("/admin/overview");
        Assert.Matches(new Regex(@"config\.yaml:\d+: tenants\.acme\.routes\[0\]\.upstream: there is no upstream \\u0027locale\\u0027"),
            page);
        door.WriteConfig(good);
        await Eventually.True(async () => await door.Metric("registryproxy_configuration_errors") == 0,
            "the metric says that it is mended");
        await Eventually.True(() => door.Log.Contains("The configuration file has no errors any more; version "), "so does the log");
        Assert.Single(Regex.Matches(door.Log, "has no errors any more"));
        Assert.DoesNotContain("brokenSince", await door.Readiness());
        await Eventually.True(
            async () => !(await door.Admin("/admin/overview")).Contains("there is no upstream", StringComparison.Ordinal),
            "the page has what processes say now");
    }

    [Fact]
    public async Task Each_of_fifteen_faults_of_the_file_is_told_in_each_place_and_the_last_good_one_stays()
    {
        var good = DoorConfiguration.Single("http://127.0.0.1:9");
        await using var door = await FrontDoor.Start(good);
        await using var prometheus = await PrometheusServer.Start(door.AdminUrl);
        var raised = AlertOf("RegistryProxyConfigurationBroken");
        foreach (var (name, broken, line) in Faults(good))
        {
            var (reports, before) = (Reports(door), door.Log.Length);
            door.WriteConfig(broken);
            await Eventually.True(async () => await door.Metric("registryproxy_configuration_errors") > 0, $"{name}: the metric says so");
            await Eventually.True(() => Reports(door) > reports, $"{name}: the log says so");
            Assert.Equal(reports + 1, Reports(door));
            var told = door.Log[before..];
            Assert.True(Regex.IsMatch(told, $@"config\.yaml:\d+: .*{line}"), $"{name}: {line} in\n{told}");
            var probe = await door.Readiness();
            Assert.Contains("\"ready\":true", probe);
            Assert.Matches(new Regex("""errorsAt":\["config\.yaml:\d+"""), probe);
            Assert.Matches($@"config\.yaml:\d+: .*{line}", JsonText(await door.Admin("/admin/overview")));
            await Eventually.True(async () => await prometheus.Count(raised) > 0, $"{name}: the alert is raised");
            var mended = Mended(door);
            door.WriteConfig(good);
            await Eventually.True(() => Mended(door) == mended + 1, $"{name}: one line says that it is mended");
            await Eventually.True(async () => await prometheus.Count(raised) == 0, $"{name}: the alert is over");
        }
    }

    [Fact]
    public async Task Each_fault_of_a_file_beside_it_is_told_by_its_own_line_and_so_is_its_end()
    {
        var main = "include: [\"tenants.d/*.yaml\"]\n" + DoorConfiguration.Single("http://127.0.0.1:9")
            .Replace("http://127.0.0.1:9", "https://127.0.0.1:9")
            .Replace("allowPrivate: true }", "allowPrivate: true, tls: { ca: ca.pem } }");
        var good = Beside();
        await using var door = await FrontDoor.StartBeside(main, good);
        good["htpasswd"] = File.ReadAllText(door.PathOf("htpasswd"));
        foreach (var (file, broken, line, end) in FaultsBeside())
        {
            var before = door.Log.Length;
            File.WriteAllText(door.PathOf(file), broken);
            await Eventually.True(() => Regex.IsMatch(door.Log[before..], line), $"{file} '{broken}': {line} in\n{door.Log}");
            before = door.Log.Length;
            File.WriteAllText(door.PathOf(file), good[file]);
            await Eventually.True(() => Regex.IsMatch(door.Log[before..], end), $"{file} '{broken}': {end} in\n{door.Log}");
        }

        Assert.DoesNotContain("canary", door.Log);
    }

    private static Dictionary<string, string> Beside()
    {
        using var authority = TestCertificates.ForLocalhost("authority");
        return new()
        {
            ["tenants.d/b.yaml"] = Part("local"),
            ["ca.pem"] = authority.Pem().Certificate,
        };
    }

    private static string Part(string upstream) =>
        "tenants: { b: { hosts: [b.example], publicUrl: \"http://b.example\", "
            + $"routes: [ {{ prefix: \"\", upstream: {upstream} }} ] }} }}\n";

    private static IReadOnlyList<(string File, string Broken, string Line, string End)> FaultsBeside()
    {
        const string PartEnd = @"b\.yaml has no errors any more";
        const string Users = @"authenticators\.staff cannot be used since .*htpasswd";
        const string UsersEnd = @"authenticators\.staff can be used again";
        return
        [
            ("tenants.d/b.yaml", Part("locale"), @"b\.yaml:1: .*there is no upstream 'locale'", PartEnd),
            ("tenants.d/b.yaml", "tenants: {", @"b\.yaml:\d+: ", PartEnd),
            ("tenants.d/b.yaml", "nonsense: 1", @"b\.yaml:1: nonsense: ", PartEnd),
            ("tenants.d/b.yaml", "tenants:\n\tb: {}\n", @"b\.yaml:2: .*tab", PartEnd),
            ("tenants.d/b.yaml", Part("local").Replace("b.example]", "'*']"), @"b\.yaml:1: .*host", PartEnd),
            ("htpasswd", "bob:canary", Users, UsersEnd), ("htpasswd", "", Users, UsersEnd),
            ("ca.pem", "canary", @"upstreams\.local\.tls cannot be used since ", @"upstreams\.local\.tls can be used again"),
        ];
    }

    /// <summary>What the rule of an alert asks.</summary>
    private static string AlertOf(string alert) => Regex.Match(
        File.ReadAllText(Path.Combine(Manifests.Deploy, "grafana", "alerts.yaml")), $@"- alert: {alert}\n\s+expr: (.+)").Groups[1].Value;

    /// <summary>JSON without its escapes of signs.</summary>
    private static string JsonText(string json) => Regex.Unescape(json);

    private static int Reports(FrontDoor door) => Regex.Count(door.Log, @"error\(s\) and is not used");

    private static int Mended(FrontDoor door) => Regex.Count(door.Log, "has no errors any more");

    private static IReadOnlyList<(string Name, string Broken, string Line)> Faults(string good) =>
    [
        ("an unknown key", good.Replace("hosts:", "host: [a]\n    hosts:"), "host: unknown key"),
        ("a misspelt upstream", good.Replace("upstream: local", "upstream: locale"), "there is no upstream 'locale'"),
        ("an unknown authenticator", good.Replace("authenticators: [staff]", "authenticators: [stuff]"), "stuff"),
        ("no url", good.Replace("url: \"http://127.0.0.1:9\", ", ""), "url: is required"),
        ("an address that is none", good.Replace("http://127.0.0.1:9", "registry"), "url: "),
        ("an action that is none", good.Replace("actions: [pull]", "actions: [pul]"), "pul"),
        ("a principal that is none", good.Replace("who: [anonymous]", "who: [nobody]"), "who"),
        ("no hosts", good.Replace("hosts: [\"*\"]", "hosts: []"), "at least one host"),
        ("a password file that is not there", good.Replace("file: htpasswd", "file: absent"), "absent"),
        ("a type that is none", good.Replace("type: htpasswd", "type: htpass"), "must be one of"),
        ("a map in place of a list", good.Replace("authenticators: [staff]", "authenticators: { staff: 1 }"), "must be a list"),
        ("no YAML", good.Replace("routes:", "routes: ["), "not valid YAML"),
        ("a tab", good.Replace("    routes:", "\troutes:"), "tab"),
        ("a key twice", good.Replace("hosts: [\"*\"]", "hosts: [\"*\"]\n    hosts: [\"*\"]"), "hosts"),
        ("nothing", "tenants: nonsense", "tenants"),
    ];
}
