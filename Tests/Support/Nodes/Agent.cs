using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>The agent of a node as a process of its own, under settings of the test's.</summary>
internal sealed class Agent : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private ChildProcess _process;

    private Agent(TemporaryFolder folder, ChildProcess process, KubeletImages images) =>
        (_folder, _process, Images) = (folder, process, images);

    /// <summary>Its image service, as kubelet calls it.</summary>
    public KubeletImages Images { get; }

    public string Socket => SocketIn(_folder);

    public string StateDir => _folder.File("state");

    public string ConfigFile => _folder.File("nodeagent.yaml");

    public string Log => _process.Output;

    public int Pid => _process.Id;

    public static string Dll => FrontDoor.DllOf("NodeAgent");

    /// <summary>Starts it; <paramref name="yaml"/> says everything but where it listens and keeps its state.</summary>
    public static async Task<Agent> Start(string yaml, params (string Name, string Value)[] environment)
    {
        var folder = new TemporaryFolder();
        folder.Write("nodeagent.yaml", Settings(folder, yaml));
        var agent = new Agent(folder, Launch(folder, environment), new KubeletImages(SocketIn(folder)));
        await agent.Ready();
        return agent;
    }

    /// <summary>Runs another command under the same settings.</summary>
    public Task<ShellResult> Run(string? input, params string[] arguments) =>
        Shell.Run("dotnet", [Dll, .. arguments, "--config", ConfigFile], input);

    /// <summary>Kills it and starts it again.</summary>
    public async Task Restart()
    {
        _process.Kill();
        await _process.DisposeAsync();
        _process = Launch(_folder, []);
        await Ready();
    }

    /// <summary>SIGTERM; returns the exit code.</summary>
    public Task<int> Terminate() => _process.Terminate();

    public async ValueTask DisposeAsync()
    {
        Images.Dispose();
        _process.Kill();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private static string SocketIn(TemporaryFolder folder) => folder.File("run/image.sock");

    private static string Settings(TemporaryFolder folder, string yaml) => $"""
        listen: unix://{SocketIn(folder)}
        stateDir: {folder.File("state")}
        {yaml}
        """;

    private static ChildProcess Launch(TemporaryFolder folder, (string, string)[] environment) =>
        ChildProcess.Start("dotnet", [Dll, "serve", "--config", folder.File("nodeagent.yaml")], environment);

    private Task<string> Ready() =>
        _process.Line(line => line.StartsWith("image service listening", StringComparison.Ordinal) ? line : null);
}
