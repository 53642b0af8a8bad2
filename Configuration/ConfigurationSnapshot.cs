using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration;

/// <summary>A configuration and the version that names it.</summary>
/// <param name="Configuration">Read and checked.</param>
/// <param name="Version">The first 12 hexadecimal digits of the SHA-256 of the file, or <c>built-in</c>.</param>
public sealed record ConfigurationSnapshot(FrontDoorConfiguration Configuration, string Version)
{
    /// <summary>What was read, which may hold secrets; <c>null</c> for the built-in configuration.</summary>
    public Secret? Text { get; init; }
}
