using RegistryProxy.NodeAgent.Installation.Edits;

namespace RegistryProxy.NodeAgent.Installation.Records;

/// <summary>A file that this program changes: what was there before, what is in it of ours, and what that makes of it.</summary>
internal sealed record Place
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public required string Path { get; init; }

    /// <summary>Its bytes without anything of ours; <c>null</c> when there was no file.</summary>
    public byte[]? Before { get; init; }

    /// <summary>Its mode before, or as somebody set it since; <c>null</c> when there was no file and nobody did.</summary>
    public int? BeforeMode { get; init; }

    /// <summary>Its bytes to be; <c>null</c> for no file.</summary>
    public byte[]? After { get; init; }

    /// <summary>Whether this program made the file.</summary>
    public bool Created { get; init; }

    /// <summary>Its bytes as an earlier installation left them; <c>null</c> for none.</summary>
    public byte[]? Earlier { get; init; }

    /// <summary>What is in it of ours. A place without edits goes back to what it was.</summary>
    public required IReadOnlyList<Edit> Edits { get; init; }

    /// <summary>What was in it of ours when the record was last at rest, so that it is known when the place is cleared.</summary>
    public IReadOnlyList<Edit> Cleared { get; init; } = [];

    private IEnumerable<Edit> Any => Edits.Count > 0 ? Edits : Cleared;

    /// <summary>Whether kubelet reads it when it starts.</summary>
    public bool IsForKubelet() => Any.Any(edit => edit.IsForKubelet);

    /// <summary>Whether it acts by being there.</summary>
    public bool Acts() => Any.Any(edit => edit.Acts);

    /// <summary>Whether this program left the file with a mode, or found it so.</summary>
    public bool IsModeOfOurs(UnixFileMode mode) =>
        mode == Mode() || (int)mode == BeforeMode || (mode == Owner && Any.Any(edit => edit.IsSecret));

    /// <summary>Its mode to be.</summary>
    public UnixFileMode Mode()
    {
        return Edits.Any(edit => edit.IsSecret) ? Owner
            : BeforeMode is { } mode ? (UnixFileMode)mode
            : Path.EndsWith("/.docker/config.json", StringComparison.Ordinal) ? Owner
            : Owner | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    }
}
