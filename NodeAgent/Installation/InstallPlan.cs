namespace RegistryProxy.NodeAgent.Installation;

/// <summary>What an installation would change on a node. Making a plan changes nothing.</summary>
internal sealed record InstallPlan
{
    public required string Target { get; init; }

    public IReadOnlyList<FileChange> Files { get; init; } = [];

    /// <summary>Programs that are copied: the agent itself.</summary>
    public IReadOnlyList<string> Programs { get; init; } = [];

    /// <summary>Other names of the agent's program.</summary>
    public IReadOnlyList<string> Links { get; init; } = [];

    /// <summary>Whether the agent must serve.</summary>
    public bool NeedsAgent { get; init; }

    /// <summary>Whether kubelet must be restarted.</summary>
    public bool NeedsKubelet { get; init; }

    /// <summary>What the operator should know.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>One file before and after.</summary>
/// <param name="Path">On the node.</param>
/// <param name="Before">Its text; <c>null</c> when it is not there.</param>
/// <param name="After">Its text to be.</param>
/// <param name="Mode">Its mode to be.</param>
/// <param name="Inserted">What was put into a text of others, byte for byte; <c>null</c> for a file of our own and for JSON.</param>
internal sealed record FileChange(string Path, string? Before, string After, UnixFileMode Mode, string? Inserted = null)
{
    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public bool Changes => Before != After;

    /// <summary>A file that belongs to this program.</summary>
    public static FileChange Own(HostFiles host, string path, string text, bool secret = false) =>
        new(path, host.Read(path), text, secret ? UnixFileMode.UserRead | UnixFileMode.UserWrite : Readable);

    /// <summary>A file of others; it keeps its mode.</summary>
    public static FileChange Merge(HostFiles host, string path, string before, Merged merged) => new(path, before, merged.Text, host.Mode(path), merged.Inserted);
}

/// <summary>A text of others with something in it that is ours.</summary>
internal sealed record Merged(string Text, string? Inserted);
