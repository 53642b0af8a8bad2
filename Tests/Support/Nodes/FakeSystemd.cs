using System.Text.Json;
using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Merging.Flags;
using RegistryProxy.NodeAgent.Installation.Merging.Yaml;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.Tests.Support.Nodes;

/// <summary>systemd of a node, and a kubelet that starts only with what a real one starts with.</summary>
internal sealed class FakeSystemd(FakeNode node) : IHostCommands
{
    private const string Service = "/etc/systemd/system/registryproxy-nodeagent.service";

    /// <summary>What was run, in order.</summary>
    public List<string> Commands { get; } = [];

    public bool AgentRuns { get; private set; }

    public bool KubeletRuns { get; private set; }

    /// <summary>Settings with which the agent does not start.</summary>
    public string? BadSettings { get; set; }

    /// <summary>A program with which the agent does not start.</summary>
    public string? BadProgram { get; set; }

    /// <summary>A kubelet that does not stay up once it has anything of the agent's.</summary>
    public bool KubeletHatesTheAgent { get; set; }

    /// <summary>A kubelet that is started by something that takes no notice of the files.</summary>
    public string[]? KubeletStartsWith { get; set; }

    /// <summary>A kubelet that a restart does not reach: it runs on with what it was started with.</summary>
    public bool KubeletRunsOn { get; set; }

    /// <summary>What systemd says of the file of kubelet's unit.</summary>
    public string KubeletLoads { get; set; } = "loaded";

    /// <summary>A kubelet that ends again and again for reasons of its own, whatever its files say.</summary>
    public bool KubeletIsBroken
    {
        get;
        set
        {
            field = value;
            KubeletRuns = !value && StartKubelet();
        }
    }

    /// <summary>A kubelet that somebody stopped.</summary>
    public bool KubeletIsStopped
    {
        get;
        set
        {
            field = value;
            if (value && Directory.Exists(node.At("/proc")))
            {
                Directory.Delete(node.At("/proc"), recursive: true);
            }
        }
    }

    /// <summary>A call that fails once.</summary>
    public string? FailsOnce { get; set; }

    /// <summary>A call that is done, and of which systemd says that it failed: its answer came too late.</summary>
    public string? IsDoneButFails { get; set; }

    /// <summary>Units of k3s and RKE2 that are active.</summary>
    public string[] Active { get; set; } = ["k3s-agent"];

    /// <summary>An agent that runs and answers nobody.</summary>
    public bool AgentHangs { get; set; }

    /// <summary>The settings that the running agent was started with.</summary>
    public string? AgentSettings { get; private set; }

    /// <summary>So many watchers do their work, and end before they say how it ended.</summary>
    public int MuteWatchers { get; set; }

    /// <summary>How many of the next watchers end before they have done anything.</summary>
    public int DeadWatchers { get; set; }

    public bool AgentAnswers => AgentRuns && !AgentHangs;

    /// <summary>The image service that the running kubelet uses.</summary>
    public string? ImageService { get; private set; }

    public async Task<(int ExitCode, string Words)> Run(params string[] command)
    {
        var words = string.Join(' ', command);
        node.Step(words);
        Commands.Add(words);
        if (FailsOnce is { } failing && words.Contains(failing))
        {
            FailsOnce = null;
            return (1, "Failed: the bus is busy");
        }

        var good = words switch
        {
            "systemctl restart registryproxy-nodeagent" => StartAgent(),
            "systemctl stop registryproxy-nodeagent" => !(AgentRuns = false),
            "systemctl is-active --quiet registryproxy-nodeagent" => AgentRuns,
            "systemctl restart kubelet" => KubeletLoads == "loaded" && (KubeletRunsOn || StartKubelet() || true),
            _ when words.StartsWith("systemctl restart --no-block ", StringComparison.Ordinal) => StartKubelet() || true,
            _ when words == $"systemctl is-active --quiet {(IsOfRancher ? Active.FirstOrDefault() : "kubelet")}"
                || (KubeletLoads != "loaded" && words == $"systemctl is-active --quiet {Active.FirstOrDefault()}") => KubeletRuns,
            _ when command[0] == "systemd-run" => await Watch(command[^1]),
            _ => true,
        };
        if (command is ["systemctl", "show", "--property=LoadState,ActiveState,ActiveEnterTimestampMonotonic", var shown])
        {
            return (0, $"LoadState={(shown == "kubelet" ? KubeletLoads : "loaded")}\n"
                + $"ActiveState={(KubeletIsStopped ? "inactive" : KubeletRuns ? "active" : "activating")}\n"
                + "ActiveEnterTimestampMonotonic=1\n");
        }

        good = good && !(IsDoneButFails is { } late && words.Contains(late));
        return (good ? 0 : 1, command is ["systemctl", "is-active", var unit] ? Active.Contains(unit) ? "active\n" : "inactive\n" : "");
    }

    private bool IsOfRancher => KubeletUnit.IsOfRancher(new HostFiles(node.Root));

    /// <summary>A boot: the agent where it is enabled and can start, then kubelet.</summary>
    public bool Boot()
    {
        AgentRuns = Path.Exists(node.At("/etc/systemd/system/multi-user.target.wants/registryproxy-nodeagent.service")) && AgentCanStart();
        return StartKubelet();
    }

    /// <summary>Starts kubelet anew with what its files say.</summary>
    public bool StartKubelet()
    {
        var host = new HostFiles(node.Root);
        var within = IsOfRancher;
        var words = KubeletStartsWith ?? (within ? Within(host) : [.. (KubeletStart.Read(host).Words ?? []).Select(word => word.Text)]);
        Directory.CreateDirectory(node.At("/proc/77"));
        File.WriteAllText(node.At("/proc/77/comm"), within ? "k3s-agent\n" : "kubelet\n");
        File.WriteAllText(node.At("/proc/77/cmdline"), string.Join('\0', (string[])["/usr/bin/kubelet", .. words]) + "\0");
        ImageService = UsedBy(host, words);
        var ours = ImageService == "unix:///run/registryproxy/image.sock"
            || (Providers(host, words) ?? []).Any(ProviderConfigText.IsOurs);
        return KubeletRuns = !KubeletIsBroken && ProvidersAreGood(host, words) && !(KubeletHatesTheAgent && ours)
            && (ImageService?.Contains("registryproxy") != true || AgentRuns);
    }

    /// <summary>k3s hands its kubelet the flags of providers where it finds both the configuration and the folder.</summary>
    private static string[] Within(HostFiles host) =>
        host.Exists("/var/lib/rancher/credentialprovider/config.yaml") && host.IsFolder("/var/lib/rancher/credentialprovider/bin")
            ? [$"{KubeletView.ProviderConfigFlag}=/var/lib/rancher/credentialprovider/config.yaml",
                $"{KubeletView.ProviderFolderFlag}=/var/lib/rancher/credentialprovider/bin"]
            : [];

    private bool StartAgent()
    {
        AgentRuns = AgentCanStart();
        AgentSettings = AgentRuns ? node.Read("/etc/registryproxy/nodeagent.yaml") : AgentSettings;
        return AgentRuns;
    }

    private bool AgentCanStart() => File.Exists(node.At(Service)) && node.Read(Service).Split("ExecStart=")[1].Split(' ')[0] is var program
        && File.Exists(node.At(program))
        && node.Read(program) != BadProgram && node.Read("/etc/registryproxy/nodeagent.yaml") != BadSettings;

    private async Task<bool> Watch(string target)
    {
        if (DeadWatchers-- > 0)
        {
            return true;
        }

        var host = node.Host();
        var times = new WatchTimes(TimeSpan.Zero, TimeSpan.Zero);
        await new KubeletWatch(host, new NodeFiles(host, node.AgentProgram()), this, times, TimeProvider.System,
            () => Task.FromResult<string?>(null)).Run(target, CancellationToken.None);
        if (MuteWatchers-- > 0)
        {
            host.DeleteFile(RecordStore.ResultOf(target));
        }

        return true;
    }

    private static string? UsedBy(HostFiles host, string[] words)
    {
        string? used = null;
        string?[] files = [FlagPlace.InEffect(words, "--config"),
            .. FlagPlace.InEffect(words, "--config-dir") is { } folder && (folder.EndsWith('/') || host.LinkTarget(folder) is null)
                ? host.Walk(folder, ".conf") : []];
        foreach (var file in files.OfType<string>())
        {
            used = host.Read(file) is { } text && KubeletConfigText.Says(text, file, KubeletConfigText.ImageService)
                ? KubeletConfigText.Value(text, file, KubeletConfigText.ImageService)
                : used;
        }

        return FlagPlace.InEffect(words, KubeletView.ImageServiceFlag) is { } flag ? flag.Length > 0 ? flag : null : used;
    }

    /// <summary>kubelet reads its providers strictly, and every program must be there.</summary>
    private static bool ProvidersAreGood(HostFiles host, string[] words)
    {
        return FlagPlace.InEffect(words, KubeletView.ProviderConfigFlag) is null
            || (Providers(host, words) is { Count: > 0 } names
                && TokensAreGood(host, FlagPlace.InEffect(words, KubeletView.ProviderConfigFlag)!)
                && names.All(name => File.Exists(host.At($"{FlagPlace.InEffect(words, KubeletView.ProviderFolderFlag)}/{name}"))));
    }

    /// <summary>
    /// kubelet insists on a kind of cache for tokens, and takes a token itself as the password, which is what ours answers, by one alone.
    /// </summary>
    private static bool TokensAreGood(HostFiles host, string config) =>
        (YamlSpans.Read(host.Read(config)!, config)["providers"]?.Items ?? [])
        .TrueForAll(provider => provider["tokenAttributes"] is not { } tokens || tokens["cacheType"]?.Value == "Token"
            || (tokens["cacheType"]?.Value == "ServiceAccount" && !ProviderConfigText.IsOurs(provider["name"]?.Value)));

    /// <summary>The providers that kubelet is told of; <c>null</c> when it is told of none, or of a file that it cannot read.</summary>
    private static IReadOnlyList<string>? Providers(HostFiles host, string[] words) =>
        FlagPlace.InEffect(words, KubeletView.ProviderConfigFlag) is { } config && host.Read(config) is { } text
            && (!text.StartsWith('{') || IsJson(text)) ? ProviderConfigText.Names(text, config) : null;

    private static bool IsJson(string text)
    {
        using var parsed = JsonDocument.Parse(text);
        return parsed.RootElement.ValueKind == JsonValueKind.Object;
    }
}
