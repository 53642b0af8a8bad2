using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>The product itself, as a process of its own, under a configuration of the test's.</summary>
internal sealed class FrontDoor : IAsyncDisposable
{
    /// <summary>The users of every test: their password is their name and <c>-canary-password</c>.</summary>
    private static readonly string[] Users = ["alice", "bob", "carol", "dave"];

    private static readonly Lazy<Task<string>> UserLines = new(ReadUserLines);

    private readonly TemporaryFolder _folder;
    private readonly Func<ChildProcess> _launch;
    private readonly NetworkNamespace? _inside;
    private ChildProcess _process;

    private FrontDoor(TemporaryFolder folder, Func<ChildProcess> launch, NetworkNamespace? inside) =>
        (_folder, _launch, _inside, _process) = (folder, launch, inside, launch());

    public string DataUrl { get; private set; } = "";

    public string AdminUrl { get; private set; } = "";

    /// <summary>Host and port, as an image name begins with it.</summary>
    public string Authority => new Uri(DataUrl).Authority;

    public string Log => _process.Output;

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>From the start of the process to readiness.</summary>
    public TimeSpan StartTime { get; private set; }

    public static string PasswordOf(string user) => $"{user}-canary-password";

    /// <summary>Starts it under a configuration; <c>htpasswd</c> with the users of the tests lies beside the file.</summary>
    public static Task<FrontDoor> Start(string? yaml, params (string Name, string Value)[] environment) => Start(yaml, null, environment);

    /// <summary>Starts it, with TLS on its data listener and a certificate that signs itself.</summary>
    public static async Task<FrontDoor> Start(string yaml, bool encrypted, string listening = "")
    {
        if (!encrypted)
        {
            return await Start(yaml);
        }

        return await StartEncrypted(Encrypted(yaml, listening));
    }

    /// <summary>A configuration with TLS on the data listener, as <see cref="StartEncrypted"/> takes it.</summary>
    public static string Encrypted(string yaml, string listening = "") =>
        $"listen: {{ {listening}data: \"https://127.0.0.1:0\", tls: {{ certificate: tls.crt, key: tls.key }} }}\n{yaml}";

    /// <summary>Starts it beside a certificate that signs itself.</summary>
    public static async Task<FrontDoor> StartEncrypted(string yaml)
    {
        var door = await Launch(yaml, null, [], "https");
        await door.Ready(Stopwatch.StartNew());
        return door;
    }

    /// <summary>Starts it in a network of its own.</summary>
    public static async Task<FrontDoor> Start(string? yaml, NetworkNamespace? inside, params (string Name, string Value)[] environment)
    {
        var door = await Launch(yaml, inside, environment);
        await door.Ready(Stopwatch.StartNew());
        return door;
    }

    /// <summary>Starts it with files beside its own, by their path from there.</summary>
    public static async Task<FrontDoor> StartBeside(string yaml, IReadOnlyDictionary<string, string> files)
    {
        var door = await Launch(yaml, null, [], beside: files);
        await door.Ready(Stopwatch.StartNew());
        return door;
    }

    /// <summary>Starts it and does not wait until it is ready.</summary>
    public static async Task<FrontDoor> StartUnready(string yaml)
    {
        var door = await Launch(yaml, null, []);
        await door.Listen();
        return door;
    }

    private static async Task<FrontDoor> Launch(
        string? yaml, NetworkNamespace? inside, (string Name, string Value)[] environment, string scheme = "http",
        IReadOnlyDictionary<string, string>? beside = null)
    {
        var folder = new TemporaryFolder();
        await WriteUsers(folder);
        foreach (var (path, text) in beside ?? new Dictionary<string, string>())
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.File(path))!);
            folder.Write(path, text);
        }

        if (scheme == Uri.UriSchemeHttps)
        {
            using var made = TestCertificates.ForLocalhost("door");
            var (certificate, key) = made.Pem();
            folder.Write("tls.crt", certificate);
            folder.Write("tls.key", key);
        }

        List<string> arguments = [Dll, "--listen-data", $"{scheme}://127.0.0.1:0", "--listen-admin", "http://127.0.0.1:0"];
        if (yaml is not null)
        {
            arguments.AddRange(["--config", folder.Write("config.yaml", yaml)]);
        }

        List<string> command = [.. inside?.Command("dotnet") ?? ["dotnet"], .. arguments];
        return new FrontDoor(folder, () => ChildProcess.Start(command[0], command.Skip(1), environment), inside);
    }

    /// <summary>Starts it again after its end, with what it left; on other ports.</summary>
    public async Task Restart()
    {
        await _process.DisposeAsync();
        _process = _launch();
        await Ready(Stopwatch.StartNew());
    }

    public static string Dll => DllOf("Standalone");

    /// <summary>The built program of a project, or one of the same that <c>test.sh</c> compiled ahead of time.</summary>
    public static string DllOf(string project)
    {
        if (HostCompilation.Folder is { } compiled)
        {
            return Path.Combine(compiled, project, $"RegistryProxy.{project}.dll");
        }

        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var root = here.Parent!.Parent!.Parent!.Parent!.FullName;
        return Path.Combine(root, project, "bin", here.Parent.Name, here.Name, $"RegistryProxy.{project}.dll");
    }

    /// <summary>A client without credentials, or as one of the users.</summary>
    public RegistryClient Client(string? user = null) => new(DataUrl, user, user is null ? null : PasswordOf(user));

    /// <summary>Replaces the configuration file, as an editor would.</summary>
    public void WriteConfig(string yaml)
    {
        _folder.Write("config.yaml.new", yaml);
        File.Move(_folder.File("config.yaml.new"), _folder.File("config.yaml"), overwrite: true);
    }

    public string PathOf(string name) => _folder.File(name);

    /// <summary>Resident memory, in bytes.</summary>
    public long ResidentBytes() => ProcessMemory.Resident(Pid);

    /// <summary>The sum of a counter on <c>/metrics</c> over the lines that hold <paramref name="labels"/>.</summary>
    public async Task<double> Metric(string name, string labels = "")
    {
        using var http = new HttpClient();
        return PrometheusText.Sum(await http.GetStringAsync($"{AdminUrl}/metrics"), name, labels);
    }

    public async Task<string> Admin(string path)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(AdminUrl + path);
    }

    /// <summary>SIGTERM; returns the exit code.</summary>
    public Task<int> Terminate() => _process.Terminate();

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    /// <summary>How it ends when it is told to is tested where a test tells it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.Release();
        _folder.Dispose();
    }

    /// <summary>What <c>/readyz</c> says, whatever its status.</summary>
    public async Task<string> Readiness()
    {
        using var http = new HttpClient();
        using var response = await http.GetAsync($"{AdminUrl}/readyz");
        return await response.Content.ReadAsStringAsync();
    }

    private async Task Listen()
    {
        DataUrl = await _process.Line(line => After(line, "data listening on "));
        AdminUrl = await _process.Line(line => After(line, "admin listening on "));
        (DataUrl, AdminUrl) = _inside is null ? (DataUrl, AdminUrl) : (_inside.Relay(DataUrl), _inside.Relay(AdminUrl));
    }

    private async Task Ready(Stopwatch watch)
    {
        await Listen();
        using var http = new HttpClient();
        await Eventually.True(
            async () => (await http.GetAsync($"{AdminUrl}/readyz")).StatusCode == HttpStatusCode.OK, $"/readyz answers 200; log:\n{Log}");
        StartTime = watch.Elapsed;
    }

    private static string? After(string line, string prefix) =>
        line.StartsWith(prefix, StringComparison.Ordinal) ? line[prefix.Length..].Trim()
        : line.Split($"\"Message\":\"{prefix}") is [_, var rest] ? rest.Split('"')[0] : null;

    /// <summary>Writes <c>htpasswd</c> with the users of the tests.</summary>
    public static async Task WriteUsers(TemporaryFolder folder) => folder.Write("htpasswd", await UserLines.Value);

    private static async Task<string> ReadUserLines()
    {
        var lines = await Task.WhenAll(Users.Select(user => Shell.Run("htpasswd", ["-nbB", "-C", "4", user, PasswordOf(user)])));
        return string.Concat(lines.Select(line => line.Output.Trim() + "\n"));
    }
}
