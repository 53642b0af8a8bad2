using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A real Docker Engine with folders of its own, and clients of it with configurations of their own.</summary>
internal sealed class DockerEngine : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly ChildProcess _process;

    private DockerEngine(TemporaryFolder folder, ChildProcess process) => (_folder, _process) = (folder, process);

    /// <summary>The path of its socket.</summary>
    public string SocketPath => _folder.File("docker.sock");

    private string Socket => $"unix://{SocketPath}";

    /// <summary>The engine of this machine.</summary>
    public static Task<DockerEngine> Start(string? dataRoot = null) => Start("dockerd", new TemporaryFolder(), dataRoot, []);

    /// <summary>A newer engine that has containerd keep its images.</summary>
    /// <param name="programs">The folder of the engine and of all that it starts.</param>
    public static Task<DockerEngine> StartWithContainerdStore(string programs)
    {
        var folder = new TemporaryFolder();
        var settings = folder.Write("daemon.json", """{ "features": { "containerd-snapshotter": true } }""");
        return Start(
            Path.Combine(programs, "dockerd"), folder, null, ["--config-file", settings],
            ("PATH", $"{programs}:{Environment.GetEnvironmentVariable("PATH")}"));
    }

    private static async Task<DockerEngine> Start(
        string program, TemporaryFolder folder, string? dataRoot, string[] more, params (string, string)[] environment)
    {
        var process = ChildProcess.Start(program,
        [
            "--data-root", dataRoot ?? folder.File("data"), "--exec-root", folder.File("exec"), "--pidfile", folder.File("pid"),
            "-H", $"unix://{folder.File("docker.sock")}", "--bridge=none", "--iptables=false", .. more,
        ], environment);
        var engine = new DockerEngine(folder, process);
        await Eventually.True(
            async () => (await new DockerClient(engine.Socket, folder.Path).Run("version")).ExitCode == 0 || process.HasExited,
            "dockerd answers", TimeSpan.FromSeconds(60));
        Assert.False(process.HasExited, process.Output);
        return engine;
    }

    /// <summary>A client that knows no login of another.</summary>
    public DockerClient NewClient() => new(Socket, Directory.CreateDirectory(_folder.File(Guid.NewGuid().ToString("N"))).FullName);

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>The docker command with a configuration folder of its own.</summary>
internal sealed class DockerClient(string socket, string configuration)
{
    public string ConfigFile => Path.Combine(configuration, "config.json");

    public Task<ShellResult> Run(params string[] arguments) =>
        Shell.Run("docker", arguments, null, ("DOCKER_HOST", socket), ("DOCKER_CONFIG", configuration));

    public Task<ShellResult> Login(string registry, string user, string password) => Shell.Run(
        "docker", ["login", "-u", user, "--password-stdin", registry], password, ("DOCKER_HOST", socket), ("DOCKER_CONFIG", configuration));

    /// <summary>Pulls an image that is not there before.</summary>
    public async Task<ShellResult> Pull(string image)
    {
        await Run("rmi", "-f", image);
        return await Run("pull", image);
    }
}
