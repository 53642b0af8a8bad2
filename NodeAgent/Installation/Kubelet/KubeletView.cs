using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Merging;
using RegistryProxy.NodeAgent.Installation.Merging.Flags;
using RegistryProxy.NodeAgent.Installation.Platforms;

namespace RegistryProxy.NodeAgent.Installation.Kubelet;

/// <summary>An image service that kubelet is told to use.</summary>
/// <param name="Endpoint">Its socket; empty where kubelet is told to use its runtime.</param>
/// <param name="File">The file that says so; <c>null</c> when only the running process does.</param>
/// <param name="Variable">The variable, when it is said by a flag.</param>
internal sealed record ImageServiceSetting(string Endpoint, string? File, string? Variable, bool IsFlag);

/// <summary>
/// What kubelet will run with when it is started next, in kubelet's own order: its configuration, the drop-ins by name, its flags.
/// </summary>
internal sealed class KubeletView
{
    public const string ImageServiceFlag = "--image-service-endpoint";
    public const string ProviderConfigFlag = "--image-credential-provider-config";
    public const string ProviderFolderFlag = "--image-credential-provider-bin-dir";

    private const string RuntimeFlag = "--container-runtime-endpoint";

    /// <summary>kubelet's own, since Kubernetes 1.24.</summary>
    private const string DefaultRuntime = "unix:///run/containerd/containerd.sock";

    private readonly HostFiles _host;
    private readonly Platform _platform;
    private readonly KubeletStart _start;
    private readonly IReadOnlyList<StartWord> _words;
    private readonly IReadOnlyList<string>? _running;

    private KubeletView(HostFiles host, Platform platform, IReadOnlyList<string>? running)
    {
        (_host, _platform, _start, _running) = (host, platform, KubeletStart.Read(host), running);
        _words = _start.Words ?? Fallback(host, platform);
    }

    /// <summary>
    /// Whether a unit or a running kubelet says what kubelet is started with; what the platform is known for counts otherwise.
    /// </summary>
    public bool IsKnown => HasUnit || _running is not null;

    /// <summary>Whether <c>kubelet.service</c> says what kubelet is started with.</summary>
    public bool HasUnit => _start.Words is not null;

    /// <summary>The program that the unit starts; <c>null</c> when no unit says so.</summary>
    public string? Program => _start.Program;

    /// <summary>
    /// The runtime that kubelet runs containers with; <c>null</c> when that cannot be told, as before a node is joined, which says it.
    /// </summary>
    public string? Runtime => Flag(RuntimeFlag) is { Length: > 0 } flag ? flag
        : ConfigFiles.Select(file => (File: file, Text: _host.Read(file)!))
            .Where(file => KubeletConfigText.Says(file.Text, file.File, KubeletConfigText.Runtime))
            .Select(file => KubeletConfigText.Value(file.Text, file.File, KubeletConfigText.Runtime)).LastOrDefault()
        ?? (_running is not null || ConfigFiles.Any() ? DefaultRuntime : null);

    public static KubeletView Of(HostFiles host, Platform platform) => new(host, platform, KubeletProcess.Words(host));

    /// <summary>The same by files alone, whatever runs.</summary>
    public static KubeletView OfFiles(HostFiles host, Platform platform) => new(host, platform, null);

    /// <summary>The value of a flag that is in effect; <c>null</c> when kubelet gets no such flag.</summary>
    public string? Flag(string flag) =>
        FlagPlace.InEffect([.. _words.Select(word => word.Text)], flag) ?? (_running is null ? null : FlagPlace.InEffect(_running, flag));

    /// <summary>The path that a flag names; <c>null</c> when kubelet gets no such flag.</summary>
    public string? PathOf(string flag) => Flag(flag) is { Length: > 0 } path ? HostPath.Tidy(path) : null;

    /// <summary>The file and the variable that say a flag; <c>null</c> when no file does.</summary>
    public (string File, string Variable)? WhereIs(string flag) =>
        FlagPlace.All([.. _words.Select(word => word.Text)], flag).LastOrDefault() is { Count: > 0 } place
            ? (_words[place.First].File, _words[place.First].Variable)
            : null;

    /// <summary>kubelet's configuration file; <c>null</c> when it has none.</summary>
    public string? Config => PathOf("--config") ?? (IsKnown ? null : _platform.Config);

    /// <summary>The folder of drop-ins; <c>null</c> when kubelet reads none.</summary>
    public string? ConfigFolder => Flag("--config-dir") is { Length: > 0 } told ? FolderOf(_host, told)
        : IsKnown ? null : _platform.DropInDir is { } folder && _host.Exists(folder) ? folder : null;

    /// <summary>
    /// The folder of drop-ins that a flag names; <c>null</c> for a link without a slash behind it, into which kubelet does not go
    /// (Go's <c>WalkDir</c>).
    /// </summary>
    public static string? FolderOf(HostFiles host, string flag) =>
        !flag.EndsWith('/') && host.LinkTarget(flag) is not null ? null : HostPath.Tidy(flag);

    /// <summary>The configuration files that are there, the strongest last.</summary>
    public IEnumerable<string> ConfigFiles =>
    [
        .. new[] { Config }.OfType<string>().Where(file => _host.Read(file) is not null), .. ConfigFolder is { } folder
            ? _host.Walk(folder, ".conf")
            : [],
    ];

    /// <summary>Every file that tells kubelet something.</summary>
    public IEnumerable<string> Files =>
    [
        .. _start.Files, .. ConfigFiles,
            .. new[] { _platform.FlagFile, PathOf(ProviderConfigFlag) ?? _platform.ProviderConfig }.OfType<string>(),
    ];

    /// <summary>Where a flag can be added: a variable that the unit hands to kubelet.</summary>
    public (string File, string Variable)? FlagVariable =>
        _start.Words is null ? _platform.FlagFile is { } known ? (known, _platform.FlagVariable) : null
        : _start.Variables.TryGetValue(_platform.FlagVariable, out var file) ? (file, _platform.FlagVariable)
        : _start.Variables.Count > 0 ? (_start.Variables.Last().Value, _start.Variables.Last().Key)
        : null;

    /// <summary>The image services that kubelet is told, the one in effect last.</summary>
    public IEnumerable<ImageServiceSetting> ImageServices()
    {
        foreach (var file in ConfigFiles)
        {
            var text = _host.Read(file)!;
            if (KubeletConfigText.Says(text, file, KubeletConfigText.ImageService))
            {
                var endpoint = KubeletConfigText.Value(text, file, KubeletConfigText.ImageService);
                yield return new ImageServiceSetting(endpoint ?? "", file, null, IsFlag: false);
            }
        }

        if (Flag(ImageServiceFlag) is { } flag)
        {
            var place = WhereIs(ImageServiceFlag);
            yield return new ImageServiceSetting(flag, place?.File, place?.Variable, IsFlag: true);
        }
    }

    private static IReadOnlyList<StartWord> Fallback(HostFiles host, Platform platform) =>
        platform.FlagFile is { } file && host.Read(file) is { } text
            && EnvironmentText.Read(text).LastOrDefault(line => line.Name == platform.FlagVariable) is { } found
            ? [.. found.Words.Select(word => new StartWord(word.Text, file, platform.FlagVariable))]
            : [];
}
