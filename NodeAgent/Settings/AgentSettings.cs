using RegistryProxy.Files;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Settings;

/// <summary>What the agent's file says.</summary>
internal sealed record AgentSettings
{
    /// <summary>Where kubelet finds the image service; a path.</summary>
    public required string Listen { get; init; }

    public required RuntimeSettings Runtime { get; init; }

    public required IReadOnlyList<RegistrySettings> FrontDoors { get; init; }

    public required NameMap Rewrites { get; init; }

    public required MetadataSettings Metadata { get; init; }

    public required MirrorSettings? Mirror { get; init; }

    public required string StateDir { get; init; }

    /// <summary>The same for an installed agent: a relative path is one beside the installed settings.</summary>
    public required string InstalledStateDir { get; init; }

    /// <summary>Secrets of a cluster that are kept fresh; <c>null</c> for none.</summary>
    public PullSecretsSettings? PullSecrets { get; init; }

    /// <summary>An extra loopback listener for probes and metrics; <c>null</c> for none.</summary>
    public required Uri? Health { get; init; }

    /// <summary>
    /// The front door that serves an image: the longest pattern counts, one without globs first. <c>null</c> for an image of others.
    /// </summary>
    public RegistrySettings? DoorOf(ImageName image) => FrontDoors
        .SelectMany(door => door.Images.Where(pattern => pattern.Matches(image)).Select(pattern => (Pattern: pattern, Door: door)))
        .OrderBy(entry => entry.Pattern.Host.Contains('*')).ThenByDescending(entry => entry.Pattern.Text.Length).FirstOrDefault().Door;

    /// <summary>The root-only socket by which the other commands ask the agent, beside the image service.</summary>
    public string ControlSocket => AgentFiles.ControlSocketBeside(Listen);
}

/// <summary>The runtime behind the image service.</summary>
/// <param name="IsDocker">The Docker Engine; otherwise another image service of the CRI.</param>
/// <param name="Socket">Its socket; a path.</param>
/// <param name="Pinned">Images that kubelet's garbage collection must leave, the pause image above all; globs over whole names.</param>
internal sealed record RuntimeSettings(bool IsDocker, string Socket, IReadOnlyList<string> Pinned);

/// <summary>Where the metadata services of the clouds answer.</summary>
internal sealed record MetadataSettings(Uri Aws, Uri Gcp, Uri Azure);

/// <summary>A loopback mirror for containerd.</summary>
/// <param name="Listen">http on loopback.</param>
/// <param name="FrontDoors">From the registry that <c>?ns=</c> names to the front door that serves it.</param>
internal sealed record MirrorSettings(Uri Listen, IReadOnlyDictionary<string, Uri> FrontDoors);

/// <summary>One front door and the images it serves.</summary>
internal sealed record RegistrySettings
{
    public required Uri Url { get; init; }

    public required IReadOnlyList<ImagePattern> Images { get; init; }

    /// <summary>How this node proves itself; <c>null</c> where workloads alone do.</summary>
    public required IdentitySettings? Identity { get; init; }

    /// <summary>How workloads prove themselves by their own tokens; <c>null</c> where they do not.</summary>
    public required WorkloadSettings? Workloads { get; init; }

    /// <summary>The authority that signed the registry's certificate; <c>null</c> for those of the system.</summary>
    public required string? CaFile { get; init; }

    /// <summary>
    /// Where an installed agent looks for <see cref="CaFile"/>, when it is named beside the settings; <c>null</c> otherwise: a file that is
    /// named from / on is the node's own.
    /// </summary>
    public string? InstalledCaFile { get; init; }
}

/// <summary>A front door takes the service account tokens of workloads.</summary>
/// <param name="Authenticator">The authenticator of the registry that verifies them.</param>
/// <param name="Audience">The audience that kubelet asks for.</param>
internal sealed record WorkloadSettings(string Authenticator, string Audience);

/// <summary>How a node, a CI job or a person proves itself.</summary>
internal sealed record IdentitySettings
{
    public required IdentityKind Kind { get; init; }

    /// <summary>The authenticator of the registry; empty for a password.</summary>
    public string Authenticator { get; init; } = "";

    /// <summary>Whom the proof is for: server id or audience.</summary>
    public string Audience { get; init; } = "";

    /// <summary>The file of a projected token.</summary>
    public string TokenFile { get; init; } = "";

    /// <summary>Where an installed agent looks for it, when it is named beside the settings; <c>null</c> otherwise.</summary>
    public string? InstalledTokenFile { get; init; }

    /// <summary>The environment variable of a CI system's token.</summary>
    public string TokenVariable { get; init; } = "";

    /// <summary>Sign with the role of the instance profile instead of the instance's own identity.</summary>
    public bool WithInstanceProfile { get; init; }

    public string Username { get; init; } = "";

    public SecretFile? Password { get; init; }
}

internal enum IdentityKind
{
    AwsSts,
    AwsIid,
    Gcp,
    Azure,
    Kubernetes,
    Password,
    Ci,
    Device,
}

/// <summary>A secret that is read when it is needed.</summary>
internal sealed record SecretFile(string? Path, string? Variable, Secret? Value)
{
    /// <summary>Where an installed agent looks for <see cref="Path"/>, when it is beside the settings; <c>null</c> otherwise.</summary>
    public string? InstalledPath { get; init; }

    /// <summary>The largest file of a secret or token, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The secret without its line end; <c>null</c> when it is empty or cannot be read.</summary>
    public Secret? Read()
    {
        try
        {
            var text = Value is not null ? Value.Reveal() : Variable is not null ? Environment.GetEnvironmentVariable(Variable)
                : BoundedFile.ReadText(Path!, MaxBytes).TrimEnd('\r', '\n');
            return text is { Length: > 0 } ? new Secret(text) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
