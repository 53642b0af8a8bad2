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

    /// <summary>Whether every file that belongs to it has a text that can be used.</summary>
    public bool HasItsFiles => Missing.All(PartText.IsManaged);
}
