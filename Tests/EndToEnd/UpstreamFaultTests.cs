using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Whatever is wrong with an upstream has one line in the log, a counter with the reason, a state with the cause, and an alert that a real
/// Prometheus raises.
/// </summary>
public sealed partial class UpstreamFaultTests : IAsyncDisposable
{
    private const string Unanswered = "RegistryProxyUpstreamUnanswered";
    private const string Refuses = "RegistryProxyUpstreamRefuses";
    private const string StorageFails = "RegistryProxyUpstreamStorageFails";
    private const string Limit = "RegistryProxyUpstreamLimit";

    /// <summary>What must be nowhere: passwords, and the signatures of addresses.</summary>
    private const string Canary = "canary";

    private const int MaxLate = 12;

    private readonly TemporaryFolder _folder = new();
    private readonly List<IAsyncDisposable> _servers = [];
    private readonly List<Fault> _faults = [];
    private readonly List<string> _late = [];
    private readonly List<IAsyncDisposable> _leaving = [];
    private readonly ConcurrentDictionary<string, string> _answers = new();

    [Fact]
    public async Task Each_of_thirty_faults_is_told_in_each_place_by_its_own_reason()
    {
        await Arrange();
        await ArrangeAnswering();
        await ArrangeTokenServices();
        await ArrangeLater();
        Assert.True(_faults.Count >= 30);
        await using var door = await FrontDoor.Start(Configuration());
        await using var prometheus = await PrometheusServer.Start(door.AdminUrl);
        using var alice = door.Client("alice");
        await Eventually.True(async () => await prometheus.Count("registryproxy_ready") > 0, "Prometheus has asked once");
        var rules = Rules();
        await Leave(door, alice);
        IReadOnlyList<string> missing = [];
        List<Task> late = [];
        try
        {
            await Eventually.True(
                async () =>
                {
                    // What is slow is waited for by nobody: it answers one after the other.
                    late.AddRange(late.Count < MaxLate ? _late.Select(name => Ask(alice, name)) : []);
                    await Task.WhenAll(_faults.Where(fault => !_late.Contains(fault.Name))
                        .SelectMany(fault => Enumerable.Repeat(fault.Name, fault.Alert == Denies ? RefusalsAtOnce : 1))
                        .Select(name => Ask(alice, name)));
                    missing = await Missing(door, prometheus, rules);
                    return missing.Count == 0;
                },
                "every fault is told", TimeSpan.FromSeconds(50));
        }
        catch (TimeoutException)
        {
            // What is missing says more.
        }

        Assert.True(missing.Count == 0, string.Join('\n', missing));
        await Task.WhenAll(late);
        Assert.Empty(UpstreamFaultAnswers.Wrong(_faults.Select(fault => fault.Name), _answers));
        Assert.All(
            [door.Log, await door.Admin("/metrics"), await door.Admin("/admin/upstreams"), await door.Admin("/admin/summary"),
                .. _answers.Values],
            text => Assert.DoesNotContain(Canary, text));
    }

    private async Task Ask(RegistryClient alice, string name)
    {
        using var served = name == "in-part" ? await alice.GetManifest($"{name}/{Served}", "v1") : null;
        using var answer = await alice.GetManifest($"{name}/app", "v1");
        var text = $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
        _answers.AddOrUpdate(name, text, (_, others) => others.Contains(text) ? others : $"{others}\n{text}");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        _folder.Dispose();
    }

    private async Task<IReadOnlyList<string>> Missing(
        FrontDoor door, PrometheusServer prometheus, IReadOnlyDictionary<string, string> rules)
    {
        var status = JsonDocument.Parse(await door.Admin("/admin/upstreams")).RootElement.EnumerateArray()
            .ToDictionary(upstream => upstream.GetProperty("upstream").GetString()!);
        List<string> missing = [];
        foreach (var fault in _faults)
        {
            missing.AddRange(await Missing(fault, door, status[fault.Name], prometheus, rules));
        }

        return missing;
    }

    private static async Task<IReadOnlyList<string>> Missing(
        Fault fault, FrontDoor door, JsonElement status, PrometheusServer prometheus, IReadOnlyDictionary<string, string> rules)
    {
        List<string> missing = [];
        var lines = Regex.Matches(door.Log, $@"(Upstream|(Storage|Part) of upstream) {fault.Name} .*")
            .Select(match => match.Value.TrimEnd('\r')).ToList();

        // On a busy machine the first try may have ended before it was answered, which has a line of its own.
        var own = lines.Where(line => Regex.IsMatch(line, fault.Line)).ToList();
        if (own.Count != 1 || lines.Except(own).Any(line => !line.Contains("did not answer in time")))
        {
            missing.Add($"{fault.Name}: its lines are {string.Join(" | ", lines)}");
        }

        var counted = (await door.Admin("/metrics")).Split('\n')
            .Where(text => text.Contains("upstream_failures_total{") && text.Contains($"upstream=\"{fault.Name}\"")).ToList();
        if (!counted.Any(text => text.Contains($"reason=\"{fault.Reason}\"")))
        {
            missing.Add($"{fault.Name}: counted is {string.Join(" | ", counted)}");
        }

        var (state, error) = (status.GetProperty("state").GetString()!, status.GetProperty("lastError").ToString());
        if (state != fault.State || !Regex.IsMatch(error, fault.Line))
        {
            missing.Add($"{fault.Name}: its state is {state}, {error}");
        }

        if (!(await prometheus.Labels(rules[fault.Alert], "upstream")).Contains(fault.Name))
        {
            missing.Add($"{fault.Name}: no alert {fault.Alert}");
        }

        return missing;
    }

    private async Task Arrange()
    {
        using var authority = TestCertificates.Authority("company");
        var ca = _folder.Write("ca.crt", authority.ExportCertificatePem());
        var plain = await Recording(Status(200));
        Add("down", $"http://127.0.0.1:{FreePort.Next()}", "", "connection refused", "connect");
        Add("nameless", "https://registry.corp.invalid", "", "does not resolve", "name");
        Add("private", plain, "", "blocked address", "address", allowPrivate: false);
        Add("no-tls", plain.Replace("http:", "https:"), "", "TLS", "tls");
        Add("untrusted", (await Tls(authority.Issue("a", "localhost"))).Url, "", "untrusted certificate", "tls");
        Add("expired", (await Tls(authority.Issue("a", DateTimeOffset.UtcNow.AddMinutes(-1), "localhost"))).Url, $", tls: {{ ca: {ca} }}",
            "it has expired", "tls");
        Add("misnamed", (await Tls(authority.Issue("a"))).Url, $", tls: {{ ca: {ca} }}", "another host", "tls");
        Add("no-proxy", "https://registry.example", $", proxy: \"http://127.0.0.1:{FreePort.Next()}\"", "proxy", "proxy");
        var strict = Keep(new ConnectProxy { Credentials = "me:other" });
        Add("proxy-refuses", "https://registry.example",
            $", proxy: {{ url: \"{strict.Url}\", username: me, password: {{ value: canary-proxy }} }}", "refuses the user name or the password", "proxy");
        Add("closes", Keep(new RawUpstream((_, _) => "")).Url, "", "closed the connection", "closed");
        Add("no-http", Keep(new RawUpstream((_, _) => "220 smtp ready\r\n")).Url, "", "not HTTP", "http");
        Add("fails-at-base", await Recording(Status(503)), "", "503", "status");
        Add("fails", await Recording(context => Answer(context, context.Request.Path == "/v2/" ? 200 : 503)), "", "it answers 503", "status");
        Add(
            "password", await Recording(Asking("Basic realm=\"x\"", 401)), Basic, "rejected the configured", "refused", Refuses,
            state: "refused");
        Add("token-refused", await Recording(Token(401)), Basic, "401", "refused", Refuses, state: "refused");
        Add("token-fails", await Recording(Token(500)), Basic, "500", "status");
        Add("token-limited", await Recording(Token(429)), Basic, "limits the rate", "throttled", Limit, state: "limited");
        Add("token-nonsense", await Recording(Token(200)), Basic, "token", "configuration", Refuses);
        Add("realm", await Recording(Asking("Bearer realm=\"https://elsewhere.example/token\"", 401)), "", "realm", "configuration", Refuses);
        Add("no-secret", await Recording(Asking("Basic realm=\"x\"", 401)),
            $", credentials: {{ type: basic, username: me, password: {{ file: {_folder.File("absent")} }} }}", "absent", "configuration", Refuses);
        Add("no-helper", await Recording(Asking("Basic realm=\"x\"", 401)),
            $", credentials: {{ type: exec, command: /bin/false }}", "credential helper", "status");
    }

    /// <summary>What answers so late that it is no answer, and what goes down, or slow, after it answered.</summary>
    private async Task ArrangeLater()
    {
        var never = new TaskCompletionSource().Task;
        Add("slow-at-base", await Recording(context => never.WaitAsync(context.RequestAborted)), "", "did not answer in time", "timeout");
        Add("slow", await Recording(
                context => context.Request.Path == "/v2/" ? Answer(context, 200) : never.WaitAsync(context.RequestAborted)),
            "", "no answer in time", "timeout");
        _late.Add("slow");
        var leaving = await RecordingUpstream.Start(Manifest);
        Add("down-later", leaving.Url, "", "connection refused", "connect");
        var failing = false;
        Add("fails-later", await Recording(context => Volatile.Read(ref failing) ? Answer(context, 502) : Manifest(context)), "",
            "it answers 502", "status");
        _leaving.Add(leaving);
        _leaving.Add(new Ending(() => Volatile.Write(ref failing, true)));
    }

    /// <summary>Those that fail later are well before, and are said to be.</summary>
    private async Task Leave(FrontDoor door, RegistryClient alice)
    {
        foreach (var name in new[] { "down-later", "fails-later" })
        {
            using var well = await alice.GetManifest($"{name}/app", "v1");
            await well.ShouldBe(HttpStatusCode.OK);
            await Eventually.True(
                async () => JsonDocument.Parse(await door.Admin("/admin/upstreams")).RootElement.EnumerateArray()
                    .Single(upstream => upstream.GetProperty("upstream").GetString() == name).GetProperty("state").GetString() == "healthy",
                $"{name} is well");
        }

        Assert.DoesNotContain("Upstream down-later ", door.Log);
        foreach (var leaving in _leaving)
        {
            await leaving.DisposeAsync();
        }
    }

    private const string Basic = ", credentials: { type: basic, username: me, password: { value: canary-password } }";

    private void Add(string name, string url, string extra, string line, string reason, string alert = Unanswered, string state = "failing",
        bool allowPrivate = true) => _faults.Add(new(
            name, $"{name}: {{ url: \"{url}\"{(allowPrivate ? ", allowPrivate: true" : "")}{extra} }}", line, reason, state, alert));

    private string Configuration() => $$"""
        upstreams:
          {{string.Join("\n  ", _faults.Select(fault => fault.Yaml))}}
        authenticators:
          staff: { type: htpasswd, file: htpasswd }
        tenants:
          acme:
            hosts: ["*"]
            authenticators: [staff]
            routes:
              {{string.Join("\n      ", _faults.Select(fault => $"- {{ prefix: {fault.Name}, upstream: {fault.Name} }}"))}}
            access: [{ name: alice, who: ["user:alice"], repositories: ["**"], actions: [pull] }]
        """;

    private async Task<string> Recording(Func<HttpContext, Task> answer) => Keep(await RecordingUpstream.Start(answer)).Url.TrimEnd('/');

    private async Task<PrivateRegistry> Tls((string Certificate, string Key) pair) => Keep(await PrivateRegistry.Start(pair));

    private T Keep<T>(T server)
        where T : IAsyncDisposable
    {
        _servers.Add(server);
        return server;
    }

    private static Func<HttpContext, Task> Status(int status) => context => Answer(context, status);

    private static Task Manifest(HttpContext context)
    {
        context.Response.ContentType = "application/vnd.oci.image.manifest.v1+json";
        return context.Response.WriteAsync("{}");
    }

    private static Func<HttpContext, Task> Asking(string challenge, int status) => context =>
    {
        context.Response.Headers.WWWAuthenticate = challenge;
        return Answer(context, status);
    };

    private static Func<HttpContext, Task> Token(int status) => TokenService(Status(status));

    private static Task Answer(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static Dictionary<string, string> Rules() => Rule().Matches(
            File.ReadAllText(Path.Combine(Manifests.Deploy, "grafana", "alerts.yaml")))
        .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value.Replace("\n", " "));

    [GeneratedRegex(@"- alert: (\w+)\n +expr: (?:>-\n)?((?:.|\n)*?)\n +(?:for|labels):")]
    private static partial Regex Rule();

    private sealed class Ending(Action end) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            end();
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>What is wrong, and how it is told.</summary>
    /// <param name="Name">Of the upstream.</param>
    /// <param name="Yaml">Its configuration.</param>
    /// <param name="Line">What the log says, and <c>lastError</c>.</param>
    /// <param name="Reason">The label of the counter.</param>
    /// <param name="State">On the page.</param>
    /// <param name="Alert">That is raised.</param>
    private sealed record Fault(string Name, string Yaml, string Line, string Reason, string State, string Alert);
}
