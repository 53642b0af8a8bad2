using System.Net.Sockets;
using System.Text;
using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>The end of the world: what kill -9 is to a process.</summary>
internal sealed class KilledException() : Exception("killed");

/// <summary>
/// A node of some platform in a folder, with a systemd and a kubelet of the test's, changed by the installer in this very process.
/// </summary>
internal sealed class FakeNode : IDisposable
{
    private static readonly string Roots = Path.Combine(
        new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName, "Tests", "NodeAgent", "Roots");

    private readonly TemporaryFolder _folder = TemporaryFolder.InMemory();
    private int _left = int.MaxValue;

    private FakeNode(string root)
    {
        Root = Directory.CreateDirectory(_folder.File("root")).FullName;
        Copy(Path.Combine(Roots, root));
        Systemd = new FakeSystemd(this);
    }

    /// <summary>Every platform that can be changed.</summary>
    public static string[] Platforms { get; } =
        ["kubeadm", "kubeadm-stargz", "eks", "eks-kubelet-config", "eks-soci", "eks-soci-kubelet-config", "gke", "aks"];

    /// <summary>The same and k3s, which can be changed by some targets alone.</summary>
    public static string[] WithK3s { get; } = [.. Platforms, "k3s"];

    public string Root { get; }

    public FakeSystemd Systemd { get; }

    /// <summary>What was said to people.</summary>
    public StringWriter Said { get; private set; } = new();

    /// <summary>Changes that the node does not permit, as SELinux or an append-only file would not.</summary>
    public Func<string, bool> Denied { get; set; } = _ => false;

    /// <summary>A port of the node that somebody else listens on.</summary>
    public int? TakenPort { get; set; }

    /// <summary>How many changes and calls there were.</summary>
    public int Steps => Changes.Count;

    /// <summary>The changes and calls of the last run.</summary>
    public List<string> Changes { get; private set; } = [];

    public string Settings { get; set; } = """
        listen: unix:///run/registryproxy/image.sock
        runtime: { type: cri, endpoint: "unix:///run/containerd/containerd.sock" }
        frontDoors:
          - { url: "https://docker.acme.example", identity: { type: aws-sts, authenticator: nodes } }
          - { url: "https://apps.acme.example", workloads: { authenticator: k8s } }
        mirror: { listen: "http://127.0.0.1:5005", frontDoors: { gcr.io: "https://docker.acme.example", docker.io: "https://docker.acme.example" } }

        """;

    /// <summary>The program that is installed; another text is another version.</summary>
    public string Program { get; set; } = "the agent, first version";

    public static FakeNode Of(string platform)
    {
        var node = new FakeNode(platform);
        Directory.CreateDirectory(node.At("/run"));
        Directory.CreateDirectory(node.At("/var/lib"));
        foreach (var program in (string[])(platform switch
        {
            "gke" => ["/home/kubernetes/bin/kubelet", "/home/kubernetes/bin/auth-provider-gcp"],
            "aks" => ["/usr/local/bin/kubelet"],
            _ => ["/usr/bin/kubelet"],
        }))
        {
            node.Write(program, "#!/bin/sh\n# image-service-endpoint\n");
        }

        node.Systemd.StartKubelet();
        return node;
    }

    /// <summary>What can be installed on a platform.</summary>
    public static string[] TargetsOf(string platform) => platform == "k3s" ? ["credential-provider", "docker-helper"]
        : ["image-service", "credential-provider", "containerd-mirror", "docker-helper"];

    public string At(string path) => Root + path;

    public bool Exists(string path) => File.Exists(At(path));

    /// <summary>A file byte by byte, each as a character.</summary>
    public string ReadBytes(string path) => File.ReadAllText(At(path), Encoding.Latin1);

    /// <summary>Writes a file in place, each character as a byte.</summary>
    public void WriteBytes(string path, string bytes) => File.WriteAllText(At(path), bytes, Encoding.Latin1);

    public string Read(string path) => File.ReadAllText(At(path));

    public void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllText(At(path), text);
    }

    /// <summary>A socket whose process has ended without taking it away.</summary>
    public void LeaveSocket(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_folder.File("s")));
        File.Move(_folder.File("s"), At(path));
    }

    /// <summary>Ends the next run before one of its changes or calls.</summary>
    public void KillBefore(int step) => _left = step;

    public Task<int> Install(string target, bool services = true, bool retry = false, bool dryRun = false) => Run(node =>
    {
        var (settings, errors) = SettingsFile.Parse(Settings, "nodeagent.yaml");
        Assert.Empty(errors);
        var context = new InstallContext(
            node.Host, Platform.Of(null, node.Host), settings!, Settings) { Record = node.Store.Read() };
        return new Installer(node, new InstallOptions(services, dryRun, retry)).Run(target, context, CancellationToken.None);
    });

    public Task<int> Uninstall(string target, bool services = true, bool retry = false, bool dryRun = false) =>
        Run(node => new Uninstaller(node, new InstallOptions(services, dryRun, retry)).Run(target, CancellationToken.None));

    /// <summary>What systemd runs before kubelet after a boot.</summary>
    public void Boot()
    {
        File.Delete(At(Reapplying.Marker));
        new Reapplying(Host()).Run();
        Systemd.Boot();
    }

    public HostFiles Host() => new(Root, Step);

    public AgentProgram AgentProgram() => new(_folder.Write("agent", Program), null);

    /// <summary>Counts a change or a call, or ends the world before it.</summary>
    public void Step(string what)
    {
        Changes.Add(what);
        if (--_left < 0)
        {
            throw new KilledException();
        }

        if (Denied(what))
        {
            throw new UnauthorizedAccessException($"Access to the path is denied: {what}");
        }
    }

    /// <summary>Every file, link and folder, but what the kernel shows and what runs keep.</summary>
    public SortedDictionary<string, string> Snapshot() => new(Directory.EnumerateFileSystemEntries(Root, "*", SearchOption.AllDirectories)
        .Select(path => path[Root.Length..])
        .Where(path => !path.StartsWith("/proc", StringComparison.Ordinal) && !path.EndsWith(".failed", StringComparison.Ordinal))
        .ToDictionary(path => path, Describe), StringComparer.Ordinal);

    /// <summary>What is not as it was.</summary>
    public IEnumerable<string> Differences(SortedDictionary<string, string> before)
    {
        var now = Snapshot();
        return before.Keys.Union(now.Keys).Where(path => before.GetValueOrDefault(path) != now.GetValueOrDefault(path))
            .Select(path => $"{path}\n--- {before.GetValueOrDefault(path)}\n+++ {now.GetValueOrDefault(path)}");
    }

    /// <summary>Files that name this program.</summary>
    public IEnumerable<string> Named() =>
        Snapshot().Where(file => file.Key.Contains("registryproxy") || file.Value.Contains("registryproxy")).Select(file => file.Key);

    public void Dispose() => _folder.Dispose();

    private async Task<int> Run(Func<Node, Task<int>> run)
    {
        (Said, Changes) = (new StringWriter(), []);
        var questions = new NodeQuestions(
            (_, _, _) => Task.FromResult(Systemd.AgentAnswers ? null : "it does not answer"), () => Task.FromResult<string?>(null),
            (key, port) => TakenPort == port.Port ? $"{key}: port {port.Port} is in use" : null);
        var node = new Node(Host(), AgentProgram(), Systemd, questions, Said, TimeProvider.System)
            { Steadiness = new WatchTimes(TimeSpan.Zero, TimeSpan.Zero) };
        try
        {
            return await run(node);
        }
        finally
        {
            _left = int.MaxValue;
        }
    }

    private string Describe(string path)
    {
        var info = new FileInfo(At(path));
        return info.LinkTarget is { } target ? $"link to {target}"
            : Directory.Exists(info.FullName) ? "folder"
            : path.Contains(".sock", StringComparison.Ordinal) && info.Length == 0 ? "socket"
            : $"{(int)info.UnixFileMode}|{Encoding.Latin1.GetString(File.ReadAllBytes(info.FullName))}";
    }

    private void Copy(string from)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var to = At(file[from.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }
    }
}
