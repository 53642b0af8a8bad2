using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>A real containerd with its CRI plug-in.</summary>
internal sealed class Containerd : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly ChildProcess _process;

    private Containerd(TemporaryFolder folder, ChildProcess process) => (_folder, _process) = (folder, process);

    public string Socket => _folder.File("containerd.sock");

    public static async Task<Containerd> Start(string? root = null)
    {
        var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("certs.d"));
        var configuration = folder.Write("config.toml", $"""
            version = 2
            root = "{root ?? folder.File("root")}"
            state = "{folder.File("state")}"
            [grpc]
              address = "{folder.File("containerd.sock")}"
            [plugins."io.containerd.grpc.v1.cri".containerd]
              snapshotter = "native"
            [plugins."io.containerd.grpc.v1.cri".registry]
              config_path = "{folder.File("certs.d")}"
            """);
        var containerd = new Containerd(folder, ChildProcess.Start("containerd", ["-c", configuration]));
        await Eventually.True(async () => (await containerd.Ctr("version")).ExitCode == 0, "containerd answers", TimeSpan.FromSeconds(60));
        return containerd;
    }

    public Task<ShellResult> Ctr(params string[] arguments) => Shell.Run("ctr", ["-a", Socket, .. arguments]);

    /// <summary>Pulls over plain HTTP; <paramref name="credentials"/> are <c>user:password</c>.</summary>
    public async Task<ShellResult> Pull(string image, string? credentials = null)
    {
        await Ctr("images", "rm", "--sync", image);
        return await Ctr(["images", "pull", "--plain-http", "--snapshotter", "native",
            .. credentials is null ? [] : new[] { "--user", credentials }, image]);
    }

    public Task<ShellResult> Push(string image, string local, string credentials) =>
        Ctr("images", "push", "--plain-http", "--user", credentials, image, local);

    /// <summary>Writes <c>hosts.toml</c> of a registry (containerd, docs/hosts.md).</summary>
    public void WriteHosts(string registry, string toml)
    {
        Directory.CreateDirectory(Path.Combine(_folder.File("certs.d"), registry));
        File.WriteAllText(Path.Combine(_folder.File("certs.d"), registry, "hosts.toml"), toml);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
