using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>Silos and gateways as processes of one cluster, which meet in a real Redis.</summary>
internal sealed class DoorCluster : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<Member> _members = [];
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
    private readonly string _upstream;

    private DoorCluster(Redis redis, string upstream) => (Redis, _upstream) = (redis, upstream);

    public Redis Redis { get; }

    /// <summary>Its gateways, in the order of their start.</summary>
    public IEnumerable<Member> Gateways => _members.Where(member => member.DataUrl.Length > 0);

    /// <summary>Its silos, in the order of their start.</summary>
    public IEnumerable<Member> Silos => _members.Where(member => member.DataUrl.Length == 0);

    /// <summary>The processes of all its members.</summary>
    public IEnumerable<ChildProcess> Processes => _members.Select(member => member.Process);

    /// <summary>How its members find each other; <c>null</c> for its Redis.</summary>
    private string? Meeting { get; init; }

    /// <summary>Further keys of the upstream.</summary>
    private string ExtraUpstream { get; init; } = "";

    /// <summary>Further keys of the cluster section.</summary>
    private string ClusterExtra { get; init; } = "";

    /// <summary>Further keys of the route.</summary>
    private string ExtraRoute { get; init; } = "";

    /// <summary>Further sections of every file, which concern gateways; <c>{n}</c> is a number of each one's own.</summary>
    private string GatewayExtra { get; init; } = "";

    public static async Task<DoorCluster> Start(
        string upstream, int silos, int gateways, string clusterExtra = "", string? meeting = null, string extraUpstream = "",
        string extraRoute = "", string gatewayExtra = "")
    {
        var cluster = new DoorCluster(await Redis.Start(), upstream)
        {
            ClusterExtra = clusterExtra, Meeting = meeting, ExtraUpstream = extraUpstream, ExtraRoute = extraRoute,
            GatewayExtra = gatewayExtra,
        };
        await FrontDoor.WriteUsers(cluster._folder);
        var members = Enumerable.Range(0, silos).Select(_ => cluster.StartSilo())
            .Concat(Enumerable.Range(0, gateways).Select(_ => cluster.StartGateway())).ToList();
        foreach (var member in members)
        {
            await (await member).Ready();
        }

        return cluster;
    }

    /// <summary>Starts one more silo; its file may differ.</summary>
    public Task<Member> StartSilo(int revision = 1, Func<string, string>? change = null) =>
        Launch("Silo", (change ?? (yaml => yaml))(Yaml(revision)), ["--listen-admin", "http://127.0.0.1:0"]);

    /// <summary>Starts one more gateway, which is told nothing but where the cluster is.</summary>
    public Task<Member> StartGateway(string? clusterExtra = null) => Launch(
        "Gateway", $"cluster: {{ {Provider}{clusterExtra ?? ClusterExtra} }}\n{GatewayExtra.Replace("{n}", _members.Count.ToString())}",
        ["--listen-data", "http://127.0.0.1:0", "--listen-admin", "http://127.0.0.1:0"]);

    /// <summary>Starts a silo again that has ended, from its file.</summary>
    public async Task<Member> Restart(Member ended)
    {
        var member = new Member(
            ChildProcess.Start("dotnet", [FrontDoor.DllOf("Silo"), "--config", ended.Config, "--listen-admin", "http://127.0.0.1:0"]),
            ended.Config);
        _members.Add(member);
        await member.Listen(data: false);
        return member;
    }

    private string Provider => Meeting ?? $"provider: redis, redis: {{ connection: \"{Redis.Connection}\" }}";

    public string Yaml(int revision) => DoorConfiguration.Single(_upstream, ExtraUpstream, extraRoute: ExtraRoute, extra: $$"""
        revision: {{revision}}
        {{GatewayExtra.Replace("{n}", "unused")}}
        cluster: { {{Provider}}, siloPort: 0, gatewayPort: {{FreePort.Next()}}{{ClusterExtra}} }
        state:
          provider: redis
          redis: { connection: "{{Redis.Connection}}" }
          encryptionKeys: [{ id: k1, key: { value: "{{_key}}" } }]
        """).Replace("file: htpasswd", $"file: \"{_folder.File("htpasswd")}\"");

    /// <summary>Where the cache of a gateway lies.</summary>
    public string FolderOf(Member gateway) => _folder.File($"cache-{_members.IndexOf(gateway)}");

    /// <summary>How many silos are active.</summary>
    public async Task<int> Members()
    {
        var rows = await Redis.With((database, _) => database.HashGetAllAsync("registryproxy/members/default"));
        return rows.Count(row => row.Name != "Version" && row.Value.ToString().Contains("\"Status\":3,"));
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_members.Select(member => member.Process.Release()));
        foreach (var member in _members)
        {
            await member.DisposeAsync();
        }

        await Redis.DisposeAsync();
        _folder.Dispose();
    }

    private async Task<Member> Launch(string project, string yaml, string[] arguments)
    {
        var config = _folder.Write($"{project}-{_members.Count}.yaml", yaml);
        var member = new Member(ChildProcess.Start("dotnet", [FrontDoor.DllOf(project), "--config", config, .. arguments]), config);
        _members.Add(member);
        await member.Listen(project == "Gateway");
        return member;
    }

    /// <summary>One process of the cluster.</summary>
    internal sealed class Member(ChildProcess process, string config) : IAsyncDisposable
    {
        /// <summary>What it wrote so far.</summary>
        public string Log => process.Output;

        private readonly HttpClient _http = new();

        public ChildProcess Process => process;

        /// <summary>Where its file is.</summary>
        public string Config => config;

        public string DataUrl { get; private set; } = "";

        public string AdminUrl { get; private set; } = "";

        /// <summary>Of a gateway that others read from.</summary>
        public Task<string> PeerUrl => process.Line(line => After(line, "peer listening on "));

        /// <summary>The sum of a metric.</summary>
        public async Task<double> Metric(string name, string labels = "") =>
            PrometheusText.Sum(await _http.GetStringAsync($"{AdminUrl}/metrics"), name, labels);

        public RegistryClient Client(string? user = null) => new(DataUrl, user, user is null ? null : FrontDoor.PasswordOf(user));

        public async Task Listen(bool data)
        {
            DataUrl = data ? await process.Line(line => After(line, "data listening on ")) : "";
            AdminUrl = await process.Line(line => After(line, "admin listening on "));
        }

        public Task Ready() => Eventually.True(
            async () => (await ReadyStatus()).Status == HttpStatusCode.OK, $"/readyz answers 200; log:\n{process.Output}");

        public async Task<(HttpStatusCode Status, JsonElement Body)> ReadyStatus()
        {
            using var response = await _http.GetAsync($"{AdminUrl}/readyz");
            return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
        }

        /// <summary>Replaces its file.</summary>
        public void Write(string yaml)
        {
            File.WriteAllText(config + ".new", yaml);
            File.Move(config + ".new", config, overwrite: true);
        }

        public async Task<HttpStatusCode> Revoke(string subject)
        {
            using var content = new StringContent($$"""{"tenant":"acme","subject":"{{subject}}"}""");
            using var response = await _http.PostAsync($"{AdminUrl}/admin/sessions/revoke", content);
            return response.StatusCode;
        }

        public ValueTask DisposeAsync()
        {
            _http.Dispose();
            return process.DisposeAsync();
        }

        private static string? After(string line, string prefix) =>
            line.StartsWith(prefix, StringComparison.Ordinal) ? line[prefix.Length..].Trim() : null;
    }
}
