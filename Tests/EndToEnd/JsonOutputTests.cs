using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// With <c>REGISTRYPROXY_LOG=json</c> every line of every host is JSON with its time, however oddly the host is started and whatever ends
/// it.
/// </summary>
public sealed class JsonOutputTests : IDisposable
{
    private const string Good = """
        upstreams: { local: { url: "http://127.0.0.1:9", allowPrivate: true } }
        tenants: { acme: { hosts: [a.example], publicUrl: "https://a.example", routes: [ { prefix: "", upstream: local } ] } }
        """;

    private readonly TemporaryFolder _folder = new();
    private readonly TcpListener _other = new(IPAddress.Loopback, 0);

    public JsonOutputTests() => _other.Start();

    [Theory]
    [InlineData("Standalone")]
    [InlineData("Silo")]
    [InlineData("Gateway")]
    public async Task Each_of_twenty_odd_starts_of_a_host_writes_JSON_alone(string host)
    {
        var starts = Starts(host == "Silo" ? $"{Good}\ncluster: {{ siloPort: 0, gatewayPort: 0 }}" : Good).ToList();
        Assert.InRange(starts.Count, 20, 40);
        await Parallel.ForAsync(0, starts.Count, new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (number, _) =>
        {
            var (name, yaml, arguments, environment) = starts[number];
            var file = yaml is null ? null : _folder.Write($"{host}-{number}.yaml", yaml);
            await Check(name, host, [.. arguments, .. file is null ? [] : new[] { "--config", file }], environment);
        });
    }

    [Fact]
    public async Task So_does_an_agent()
    {
        (string Name, string? Yaml, string[] Arguments)[] starts =
        [
            ("no command", null, []), ("an unknown command", null, ["frobnicate"]), ("an unknown option", null, ["serve", "--frobnicate"]),
            ("no file", null, ["serve", "--config", _folder.File("absent.yaml")]), ("a folder", null, ["serve", "--config", _folder.Path]),
            ("no YAML", "registries: [", ["serve"]), ("an unknown key", "nonsense: 1", ["serve"]), ("nothing", "", ["serve"]),
            ("a tab", "\tlisten: a", ["serve"]), ("a socket that is too long", $"listen: unix:///{new string('d', 120)}", ["serve"]),
            ("secrets without an API server", "", ["pull-secrets", "--once"]), ("secrets without a file", null, ["pull-secrets"]),
            ("installs nothing", null, ["install"]), ("an unknown target", null, ["install", "--target", "moon"]),
            ("help", null, ["serve", "--help"]), ("version", null, ["--version"]),
        ];
        await Parallel.ForAsync(0, starts.Length, new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (number, _) =>
        {
            var (name, yaml, arguments) = starts[number];
            var file = yaml is null ? null : _folder.Write($"agent-{number}.yaml", yaml);
            var isProtocol = arguments.FirstOrDefault() is not ("serve" or "pull-secrets");
            await Check(name, "NodeAgent", [.. arguments, .. file is null ? [] : new[] { "--config", file }], [], isProtocol);
        });
    }

    public void Dispose()
    {
        _other.Dispose();
        _folder.Dispose();
    }

    private IEnumerable<(string Name, string? Yaml, string[] Arguments, (string, string)[] Environment)> Starts(string good)
    {
        var port = ((IPEndPoint)_other.LocalEndpoint).Port;
        foreach (var (name, yaml) in new (string, string)[]
        {
            ("no YAML", "tenants: ["), ("an unknown key", "nonsense: 1"), ("a list", "- a"), ("a tab", "\ttenants: {}"), ("a zero", "a\0b"),
            ("a port that is taken", $"listen: {{ admin: \"http://127.0.0.1:{port}\", data: \"http://127.0.0.1:{port}\" }}\n{Good}"),
            ("a certificate that is none", $"listen: {{ tls: {{ certificate: {_folder.Write("a.crt", "x")}, key: a.crt }} }}\n{Good}"),
            ("a cluster certificate that is not there", $"cluster: {{ tls: {{ certificate: no, key: no, authority: no }} }}\n{Good}"),
            ("a state folder that is none", $"state: {{ provider: file, file: {{ path: /proc/nothing }} }}\n{Good}"),
            ("a Redis that is none", $"cluster: {{ provider: redis, redis: {{ connection: \"a b c,=,\" }} }}\n{Good}"),
        })
        {
            yield return (name, yaml, [], []);
        }

        yield return ("a file that is not there", null, ["--config", _folder.File("absent.yaml")], []);
        yield return ("a folder", null, ["--config", _folder.Path], []);
        yield return ("an unknown option", Good, ["--frobnicate"], []);
        yield return ("an address that is none", Good, ["--listen-admin", "nonsense"], []);
        yield return ("an unknown command", null, ["frobnicate"], []);
        yield return ("help", null, ["--help"], []);
        yield return ("version", null, ["--version"], []);
        yield return ("check of nothing", null, ["check"], []);
        yield return ("check of a good file", Good, ["check"], []);
        yield return ("check of a bad file", "tenants: {", ["check", "--strict"], []);
        yield return ("health of nobody", null, ["health", "--listen-admin", "http://127.0.0.1:9"], []);
        yield return ("an odd log level", good, ["--listen-admin", "http://127.0.0.1:0"], [("Logging__LogLevel__Default", "loud")]);
        yield return ("an odd collector", good, ["--listen-admin", "http://127.0.0.1:0"], [("OTEL_EXPORTER_OTLP_ENDPOINT", "::no::")]);
        yield return ("a fault that nothing catches", good, ["--listen-data", "http://127.0.0.1:0", "--listen-admin", "http://127.0.0.1:0"],
            [("DOTNET_STARTUP_HOOKS", typeof(JsonOutputTests).Assembly.Location), (StartupHook.Variable, "1")]);
    }

    private static async Task Check(
        string name, string host, IEnumerable<string> arguments, (string, string)[] environment, bool isProtocol = false)
    {
        await using var process = ChildProcess.Start(
            "dotnet", [FrontDoor.DllOf(host), .. arguments], [("REGISTRYPROXY_LOG", "json"), .. environment]);
        await Eventually.True(
            () => process.HasExited || process.Lines.Any(line => line.Contains("admin listening on ")), $"{host}: {name} ends or listens");
        if (!process.HasExited)
        {
            await Shell.Run("kill", ["-TERM", $"{process.Id}"]);
            await Eventually.True(() => process.HasExited, $"{host}: {name} ends when it is told to");
        }

        var lines = process.Lines.Where(line => line.Length > 0).ToList();
        Assert.True(lines.Count > 0, $"{host}: {name} says something");
        Assert.All(isProtocol ? lines.Where(line => line[0] == '{') : lines, line => Assert.True(IsTimed(line), $"{host}: {name}: {line}"));
        if (environment.Any(one => one.Item1 == StartupHook.Variable))
        {
            Assert.Equal(134, process.ExitCode);
            Assert.Contains(lines, line => line.Contains("a fault that nothing caught") && line.Contains(StartupHook.Fault));
        }
    }

    private static bool IsTimed(string line)
    {
        try
        {
            using var entry = JsonDocument.Parse(line);
            return (entry.RootElement.TryGetProperty("Timestamp", out var time) || entry.RootElement.TryGetProperty("time", out time))
                && DateTimeOffset.UtcNow - time.GetDateTimeOffset() < TimeSpan.FromHours(1);
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
