using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Settings;

/// <summary>Reads the agent's file strictly: an unknown key is an error, and one run finds every error.</summary>
internal static class SettingsFile
{
    private const int MaxBytes = 1024 * 1024;
    private const string DefaultState = "/var/lib/registryproxy";

    /// <summary>The settings, or the errors.</summary>
    public static (AgentSettings? Settings, IReadOnlyList<string> Errors) Read(string path)
    {
        string text;
        try
        {
            text = BoundedFile.ReadText(path, MaxBytes);
        }
        catch (IOException fault)
        {
            return (null, [$"{path}:1: {fault.Message}"]);
        }

        return Parse(text, path);
    }

    public static (AgentSettings? Settings, IReadOnlyList<string> Errors) Parse(string text, string path)
    {
        var errors = new ErrorList(path);
        var settings = YamlFile.Read(text, errors, Read);
        return errors.IsEmpty ? (settings, []) : (null, [.. errors.Sorted.Select(error => error.ToString())]);
    }

    private static AgentSettings Read(Section file)
    {
        RegistrySettings[] registries = [.. file["frontDoors"].Items().Select(RegistryReader.Read).OfType<RegistrySettings>()];
        var runtime = Runtime(file["runtime"]);
        var rewrites = file["rewrites"];
        if (rewrites.IsPresent && !runtime.IsDocker)
        {
            rewrites.Fail("needs the docker runtime; with containerd or CRI-O use a mirror instead");
        }

        var settings = new AgentSettings
        {
            Listen = file["listen"].UnixSocket() ?? "/run/registryproxy/image.sock",
            Runtime = runtime,
            FrontDoors = registries,
            Rewrites = new NameMap([.. rewrites.Items().Select(Rewrite)]),
            Metadata = Metadata(file["metadata"]),
            Mirror = Mirror(file["mirror"], registries),
            StateDir = file["stateDir"].FilePath() ?? DefaultState,
            InstalledStateDir = AgentFiles.Installed(file["stateDir"].Text()) ?? DefaultState,
            PullSecrets = PullSecretsReader.Read(file["pullSecrets"], registries),
            Health = file["health"].LoopbackListener(),
        };
        file.RefuseOthers();
        return settings;
    }

    private static RuntimeSettings Runtime(Field field)
    {
        var runtime = field.Fields();
        var isDocker = runtime["type"].OneOf("docker", "docker", "cri") == "docker";
        var socket = runtime["endpoint"].UnixSocket() ?? (isDocker ? "/var/run/docker.sock" : "/run/containerd/containerd.sock");
        var pinned = runtime["pinned"];
        var settings = new RuntimeSettings(
            isDocker, socket, pinned.IsPresent ? [.. pinned.Items().Select(item => item.RequiredText())] : ["registry.k8s.io/pause:*"]);
        if (pinned.IsPresent && !isDocker)
        {
            pinned.Fail("is for the docker runtime; containerd and CRI-O pin their sandbox image themselves");
        }

        runtime.RefuseOthers();
        return settings;
    }

    private static NameMapping Rewrite(Field item)
    {
        var rewrite = item.Fields();
        var mapping = new NameMapping(Prefix(rewrite["from"]), Prefix(rewrite["to"]));
        rewrite.RefuseOthers();
        return mapping;

        static string Prefix(Field value)
        {
            var text = value.RequiredText();
            if (text.Length > 0 && (text.EndsWith('/') || !ImageName.TryParse($"{text}/x", out var name) || name.Repository != $"{text}/x"))
            {
                value.Fail($"'{text}' must be a registry with or without the beginning of a path, such as gcr.io/acme-project");
            }

            return text;
        }
    }

    private static MetadataSettings Metadata(Field field)
    {
        var metadata = field.Fields();
        var settings = new MetadataSettings(
            metadata["aws"].Origin() ?? new Uri("http://169.254.169.254"),
            metadata["gcp"].Origin() ?? new Uri("http://metadata.google.internal"),
            metadata["azure"].Origin() ?? new Uri("http://169.254.169.254"));
        metadata.RefuseOthers();
        return settings;
    }

    private static MirrorSettings? Mirror(Field field, IReadOnlyList<RegistrySettings> registries)
    {
        if (!field.IsPresent)
        {
            return null;
        }

        var mirror = field.Fields();
        Dictionary<string, Uri> served = [];
        var known = registries.Where(registrySettings => registrySettings.Identity is not null)
            .Select(registrySettings => HttpOrigin.Of(registrySettings.Url)).ToHashSet();
        foreach (var (registry, value) in mirror["frontDoors"].Entries())
        {
            if (value.SafeOrigin() is { } url)
            {
                served[registry] = url;
                if (!known.Contains(HttpOrigin.Of(url)))
                {
                    value.Fail("must be the url of one of frontDoors that has an identity");
                }
            }
        }

        var settings = new MirrorSettings(mirror["listen"].LoopbackListener() ?? new Uri("http://127.0.0.1:5005"), served);
        mirror.RefuseOthers();
        return settings;
    }
}
