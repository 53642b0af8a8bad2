using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A front door of one silo and several gateways, each a process of its own.</summary>
internal sealed class SplitDoor : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<ChildProcess> _processes = [];
    private readonly List<string> _gateways = [];
    private readonly List<(ChildProcess Process, string AdminUrl)> _hosts = [];
    private string _admin = "";

    private SplitDoor()
    {
    }

    /// <summary>The data listeners.</summary>
    public IReadOnlyList<string> Gateways => _gateways;

    /// <summary>The admin listener of the silo.</summary>
    public string AdminUrl => _admin;

    /// <summary>The configuration of the silo.</summary>
    public string ConfigPath => _folder.File("config.yaml");

    public string Log => string.Join('\n', _processes.Select(process => process.Output));

    /// <summary>Starts it and waits until every gateway is ready.</summary>
    public static async Task<SplitDoor> Start(string yaml, int gateways)
    {
        var door = new SplitDoor();
        await FrontDoor.WriteUsers(door._folder);
        var text = $"cluster: {{ siloPort: {FreePort.Next()}, gatewayPort: {FreePort.Next()} }}\n{yaml}";
        var config = door._folder.Write("config.yaml", text);
        door._admin = await door.Launch("Silo", config).Line(line => After(line, "admin listening on "));
        using var http = new HttpClient();
        foreach (var gateway in Enumerable.Range(0, gateways)
            .Select(i => door.Launch("Gateway", door.ConfigOf(text, i), "--listen-data", "http://127.0.0.1:0")).ToList())
        {
            door._gateways.Add(await gateway.Line(line => After(line, "data listening on ")));
            var probes = await gateway.Line(line => After(line, "admin listening on "));
            door._hosts.Add((gateway, probes));
            await Eventually.True(async () => (await http.GetAsync($"{probes}/readyz")).IsSuccessStatusCode,
                $"a gateway is ready:\n{gateway.Output}");
        }

        return door;
    }

    /// <summary>The sum of a counter of one gateway over the lines that hold <paramref name="labels"/>.</summary>
    public async Task<double> Metric(int gateway, string name, string labels = "")
    {
        using var http = new HttpClient();
        return PrometheusText.Sum(await http.GetStringAsync($"{_hosts[gateway].AdminUrl}/metrics"), name, labels);
    }

    /// <summary>Resident memory of a gateway, in bytes.</summary>
    public long ResidentBytes(int gateway) => ProcessMemory.Resident(_hosts[gateway].Process.Id);

    public async Task<string> Admin(string path)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(_admin + path);
    }

    /// <summary>kill -9 of the cluster; gateways are on their own.</summary>
    public void KillSilo() => _processes[0].Kill();

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_processes.Select(process => process.Release()));

        _folder.Dispose();
    }

    /// <summary>Every gateway has a cache of its own.</summary>
    private string ConfigOf(string yaml, int gateway) =>
        _folder.Write($"gateway-{gateway}.yaml", yaml.Replace("path: cache,", $"path: cache-{gateway},"));

    private ChildProcess Launch(string project, string config, params string[] arguments)
    {
        var process = ChildProcess.Start(
            "dotnet", [FrontDoor.DllOf(project), "--config", config, "--listen-admin", "http://127.0.0.1:0", .. arguments]);
        _processes.Add(process);
        return process;
    }

    private static string? After(string line, string prefix) =>
        line.StartsWith(prefix, StringComparison.Ordinal) ? line[prefix.Length..].Trim() : null;
}
