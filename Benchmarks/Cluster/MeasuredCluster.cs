using System.Globalization;
using System.Security.Cryptography;
using RegistryProxy.Benchmarks.Processes;

namespace RegistryProxy.Benchmarks.Cluster;

/// <summary>Redis, silos and gateways, each a process of its own on loopback.</summary>
internal sealed class MeasuredCluster : IAsyncDisposable
{
    private readonly string _folder;
    private readonly List<ServerProcess> _silos = [];
    private readonly List<ServerProcess> _gateways = [];
    private readonly List<string> _siloAdmins = [];
    private readonly List<string> _gatewayAdmins = [];
    private readonly HttpClient _http = new();
    private ServerProcess? _redis;

    private MeasuredCluster(string folder) => (_folder, Issuer) = (folder, new NodeIssuer());

    /// <summary>Signs what nodes prove themselves with.</summary>
    public NodeIssuer Issuer { get; }

    public int Silos => _silos.Count;

    /// <summary>The data listeners.</summary>
    public List<string> Gateways { get; } = [];

    public static async Task<MeasuredCluster> Start(string folder, string upstream, int silos, int gateways)
    {
        Directory.CreateDirectory(folder);
        var cluster = new MeasuredCluster(folder);
        var redis = Ports.Free();
        cluster._redis = ServerProcess.Start(
            Path.Combine(folder, "redis.log"), "redis-server", "--port", $"{redis}", "--bind", "127.0.0.1", "--save", "", "--dir", folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "jwks.json"), cluster.Issuer.KeySet);
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        for (var i = 0; i < silos; i++)
        {
            await cluster.Launch("Silo", $"silo-{i}", Yaml(upstream, redis, key), cluster._silos, cluster._siloAdmins);
        }

        for (var i = 0; i < gateways; i++)
        {
            cluster.Gateways.Add($"http://127.0.0.1:{Ports.Free()}");
            await cluster.Launch("Gateway", $"gateway-{i}", $"cluster: {Meeting(redis)}", cluster._gateways, cluster._gatewayAdmins,
                "--listen-data", cluster.Gateways[^1]);
        }

        return cluster;
    }

    /// <summary>CPU seconds until now.</summary>
    public Parts Cpu() => new(_silos.Sum(silo => silo.CpuSeconds()), _gateways.Sum(gateway => gateway.CpuSeconds()));

    /// <summary>Megabytes resident.</summary>
    public Parts Resident() => new(_silos.Sum(silo => silo.ResidentMegabytes()), _gateways.Sum(gateway => gateway.ResidentMegabytes()));

    /// <summary>Megabytes that the garbage collector found alive, as soon as two looks agree.</summary>
    public async Task<Parts> Heap()
    {
        var last = new Parts(double.NaN, double.NaN);
        for (var look = 0; look < 20; look++)
        {
            await Task.Delay(1500);
            var now = new Parts(await Sum(_siloAdmins, "dotnet_gc_last_collection_heap_size_bytes") / 1e6,
                await Sum(_gatewayAdmins, "dotnet_gc_last_collection_heap_size_bytes") / 1e6);
            if (now == last)
            {
                return now;
            }

            last = now;
        }

        return last;
    }

    /// <summary>Calls from gateways to grains until now.</summary>
    public Task<double> GrainCalls() => Sum(_gatewayAdmins, "registryproxy_gateway_grain_calls_total");

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _gateways.Concat(_silos).Append(_redis!))
        {
            await process.DisposeAsync();
        }

        _http.Dispose();
    }

    private async Task Launch(
        string host, string name, string yaml, List<ServerProcess> processes, List<string> admins, params string[] arguments)
    {
        var config = Path.Combine(_folder, $"{name}.yaml");
        await File.WriteAllTextAsync(config, yaml);
        var admin = $"http://127.0.0.1:{Ports.Free()}";
        var dll = Path.GetFullPath(
            Path.Combine(AppContext.BaseDirectory, $"../../../../{host}/bin/Release/net10.0/RegistryProxy.{host}.dll"));
        var process = ServerProcess.Start(
            Path.Combine(_folder, $"{name}.log"), "dotnet", [dll, "--config", config, "--listen-admin", admin, .. arguments]);
        processes.Add(process);
        admins.Add(admin);
        await process.Ready($"{admin}/livez");
        for (var tries = 0; !(await _http.GetAsync($"{admin}/readyz")).IsSuccessStatusCode; tries++)
        {
            await Task.Delay(100);
            if (tries == 600)
            {
                throw new InvalidOperationException(
                    $"{name} is not ready after a minute:\n{await _http.GetStringAsync($"{admin}/readyz")}");
            }
        }
    }

    private async Task<double> Sum(List<string> admins, string metric)
    {
        var sum = 0.0;
        foreach (var admin in admins)
        {
            var lines = (await _http.GetStringAsync($"{admin}/metrics")).Split('\n')
                .Where(line => line.StartsWith(metric, StringComparison.Ordinal));
            sum += lines.Sum(line => double.Parse(line[(line.LastIndexOf('}') + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture));
        }

        return sum;
    }

    private static string Meeting(int redis) =>
        $"{{ provider: redis, redis: {{ connection: \"127.0.0.1:{redis}\" }}, siloPort: 0, gatewayPort: {Ports.Free()} }}";

    private static string Yaml(string upstream, int redis, string key) => $$"""
        revision: 1
        cluster: {{Meeting(redis)}}
        state: { provider: redis, redis: { connection: "127.0.0.1:{{redis}}" }, encryptionKeys: [{ id: k1, key: { value: "{{key}}" } }] }
        upstreams:
          bench: { url: "{{upstream}}", allowPrivate: true }
        authenticators:
          k8s: { type: kubernetes, issuer: "{{NodeIssuer.Name}}", audience: registry, jwks: { file: jwks.json } }
        tenants:
          bench:
            hosts: ["*"]
            authenticators: [k8s]
            routes: [{ prefix: "", upstream: bench }]
            access: [{ name: nodes, who: ["authenticator:k8s"], repositories: ["**"], actions: [pull] }]
        """;
}
