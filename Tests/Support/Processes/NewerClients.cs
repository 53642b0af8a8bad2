namespace RegistryProxy.Tests.Support.Processes;

/// <summary>
/// Clients of newer Debian releases, where <c>Tests/newer-clients.sh</c> unpacked them, with a home of their own; what a release has no
/// more is taken from this machine.
/// </summary>
internal sealed class NewerClients : IDisposable
{
    private static readonly string Cache = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "registryproxy-tests");

    private static readonly string Unpacked = Path.Combine(Cache, "newer");

    private readonly TemporaryFolder _home = new();
    private string _storage = "";

    public NewerClients()
    {
        _home.Write("policy.json", """{ "default": [{ "type": "insecureAcceptAnything" }] }""");
        _home.Write("containers.conf", $"""
            [engine]
            helper_binaries_dir = ["{Unpacked}/helpers", "/usr/lib/podman", "/usr/libexec/podman"]
            conmon_path = ["{Unpacked}/bin/conmon", "/usr/bin/conmon"]
            """);
        Store("first");
    }

    /// <summary>Where <c>test.sh</c> has the clients of npm.</summary>
    public static string Modules { get; } = Path.Combine(Cache, "npm", "node_modules");

    /// <summary>Where <c>test.sh --full</c> has Renovate.</summary>
    public static string Renovate { get; } = Path.Combine(Cache, "renovate", "node_modules");

    /// <summary>The folder of a newer Docker Engine and of all that it starts; <c>null</c> where it could not be had.</summary>
    public static string? Engine { get; } = Path.Combine(Unpacked, "engine") is var folder
        && System.IO.File.Exists(Path.Combine(folder, "dockerd")) ? folder : null;

    /// <summary>The policy that takes every image.</summary>
    public string Policy => _home.File("policy.json");

    /// <summary>A file of the home.</summary>
    public string File(string name) => _home.File(name);

    public string Write(string name, string text) => _home.Write(name, text);

    /// <summary>Has podman keep images in another place, which is empty at first.</summary>
    public void Store(string name) => _storage = _home.Write($"{name}.conf", $$"""
        [storage]
        driver = "overlay"
        runroot = "{{_home.File(name)}}/run"
        graphroot = "{{_home.File(name)}}/root"
        [storage.options]
        pull_options = { enable_partial_images = "true", use_hard_links = "false", ostree_repos = "" }
        """);

    public Task<ShellResult> Run(string program, params string[] arguments)
    {
        var newer = Path.Combine(Unpacked, "bin", program);
        return Shell.Run(
            System.IO.File.Exists(newer) ? newer : program, arguments, null, ("HOME", _home.Path), ("XDG_RUNTIME_DIR", _home.Path),
            ("DOCKER_CONFIG", _home.File("docker")), ("REGISTRY_AUTH_FILE", _home.File("auth.json")),
            ("CONTAINERS_CONF", _home.File("containers.conf")), ("CONTAINERS_STORAGE_CONF", _storage),
            ("PODMAN_IGNORE_CGROUPSV1_WARNING", "1"), ("COSIGN_PASSWORD", "of the key"));
    }

    public void Dispose() => _home.Dispose();
}
