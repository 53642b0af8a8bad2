using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>
/// A folder that looks like the root of a node of some platform, and the commands of its first process: systemd starts what it is told to,
/// and kubelet is what the test says it is.
/// </summary>
internal sealed class NodeRoot : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private NodeRoot() => Root = Directory.CreateDirectory(_folder.File("root")).FullName;

    public string Root { get; }

    /// <summary>A search path on which the commands of its first process come first.</summary>
    public string Programs => $"{_folder.File("bin")}:{Environment.GetEnvironmentVariable("PATH")}";

    /// <summary>What systemd was told, in order, without the questions whether the watcher of a restart lives.</summary>
    public string[] Commands => !File.Exists(_folder.File("commands")) ? []
        : [.. File.ReadLines(_folder.File("commands")).Where(line => !line.Contains("registryproxy-watch", StringComparison.Ordinal))];

    public static async Task<NodeRoot> Create(string settings, params (string Path, string Text)[] files)
    {
        var node = new NodeRoot();
        node._folder.Write("nodeagent.yaml", settings);
        foreach (var (path, text) in files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(node.At(path))!);
            await File.WriteAllTextAsync(node.At(path), text);
        }

        var bin = Directory.CreateDirectory(node._folder.File("bin")).FullName;
        await node.Script("nsenter", "while [ \"$1\" != -- ]; do shift; done; shift; exec \"$@\"");
        await node.Script("systemctl", $"""
            echo "$*" >> {node._folder.File("commands")}
            lives() ( [ -e "$1" ] && grep -qs {Path.GetDirectoryName(node.Root)} "/proc/$(cat "$1")/cmdline" )
            case "$*" in
              "restart registryproxy-nodeagent") [ ! -e {node._folder.File("no-agent")} ] || exit 1
                ! lives {node._folder.File("agent.pid")} || kill $(cat {node._folder.File("agent.pid")})
                sed 's|unix:///run|unix://{node.Root}/run|; s|^stateDir: |stateDir: {node.Root}|' {node.Root}/etc/registryproxy/nodeagent.yaml > {node._folder.File("serving.yaml")}
                nohup {node.Root}/opt/registryproxy/bin/registryproxy-nodeagent serve --config {node._folder.File("serving.yaml")} >{node._folder.File("agent.log")} 2>&1 &
                echo $! > {node._folder.File("agent.pid")} ;;
              "stop registryproxy-nodeagent") ! lives {node._folder.File("agent.pid")} || kill $(cat {node._folder.File("agent.pid")}); rm {node._folder.File("agent.pid")} ;;
              "is-active registryproxy-watch-"*) lives {node._folder.File("watch.pid")} && echo active || (echo inactive; exit 3) ;;
              "is-active --quiet kubelet") [ ! -e {node._folder.File("broken-kubelet")} ] ;;
            esac
            """);
        await node.Script("systemd-run", $"""
            while [ "$1" != watch ]; do shift; done
            nohup {node.Root}/opt/registryproxy/bin/registryproxy-nodeagent "$@" --root {node.Root} --steady 1 --within 3 >{node._folder.File("watch.log")} 2>&1 &
            echo $! > {node._folder.File("watch.pid")}
            """);
        return node;
    }

    /// <summary>Puts a file beside the settings that are to be installed.</summary>
    public void Beside(string name, string text) => _folder.Write(name, text);

    public string At(string path) => Root + path;

    public Task<string> Read(string path) => File.ReadAllTextAsync(At(path));

    /// <summary>Says that something will not work: <c>no-agent</c> or <c>broken-kubelet</c>.</summary>
    public void Break(string what) => _folder.Write(what, "");

    public Task<ShellResult> Run(string command, string target, params string[] more) => Shell.Run(
        "dotnet", [Agent.Dll, command, "--target", target, "--root", Root,
            .. command == "install" ? new[] { "--config", _folder.File("nodeagent.yaml") } : [], .. more], null,
        ("PATH", Programs));

    /// <summary>Every file of others with its text and mode; the agent's own records are not among them.</summary>
    public IReadOnlyDictionary<string, string> Snapshot() => Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
        .Where(file => !file.StartsWith(At("/var/lib/registryproxy"), StringComparison.Ordinal)
            && !file.StartsWith(At("/run"), StringComparison.Ordinal))
        .ToDictionary(file => file[Root.Length..],
            file => $"{File.GetUnixFileMode(file)}\n{(new FileInfo(file).Length < 100_000 ? File.ReadAllText(file) : "large")}");

    public async ValueTask DisposeAsync()
    {
        // The number may be another process's by now.
        var agent = File.Exists(_folder.File("agent.pid")) ? (await File.ReadAllTextAsync(_folder.File("agent.pid"))).Trim() : "";
        if (agent.Length > 0 && File.Exists($"/proc/{agent}/cmdline")
            && (await File.ReadAllTextAsync($"/proc/{agent}/cmdline")).Contains(Root, StringComparison.Ordinal))
        {
            await Shell.Run("kill", [agent]);
        }

        _folder.Dispose();
    }

    private async Task Script(string name, string text)
    {
        var path = _folder.Write($"bin/{name}", $"#!/bin/sh\n{text}\n");
        (await Shell.Run("chmod", ["755", path])).ShouldSucceed();
    }
}
