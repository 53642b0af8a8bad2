using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>A configuration and the version that names it.</summary>
/// <param name="Configuration">Read and checked.</param>
/// <param name="Version">The first 12 hexadecimal digits of the SHA-256 of its files, or <c>built-in</c>.</param>
public sealed record ConfigurationSnapshot(FrontDoorConfiguration Configuration, string Version)
{
    /// <summary>What was read, which may hold secrets; <c>null</c> for the built-in configuration.</summary>
    public Secret? Text { get; init; }

    /// <summary>What was read beside the main file and is in use, by name.</summary>
    public IReadOnlyList<PartText> Parts { get; init; } = [];

    /// <summary>Names of parts that belong to it and have no text that could be used.</summary>
    public IReadOnlyList<string> Missing { get; init; } = [];

    /// <summary>Names of parts in use that have names or hosts which others want.</summary>
    public IReadOnlyList<string> Contested { get; init; } = [];

    /// <summary>
    /// Names of parts of which an earlier text is of use: those that are missing, and those that have what a missing one may have had.
    /// </summary>
    public IEnumerable<string> Sought => Missing.Count == 0 ? [] : Missing.Concat(Contested);

    /// <summary>Whether every file that belongs to it has a text that can be used.</summary>
    public bool HasItsFiles => Missing.All(PartText.IsManaged);
}
