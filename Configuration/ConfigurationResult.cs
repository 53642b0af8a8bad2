using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration;

/// <summary>What came of reading a configuration file: the configuration, or every error in it, sorted by line.</summary>
/// <param name="Snapshot">Set when there is no error.</param>
/// <param name="Errors">Empty when there is none.</param>
public sealed record ConfigurationResult(ConfigurationSnapshot? Snapshot, IReadOnlyList<ConfigurationError> Errors)
{
    /// <summary>What works and may not be meant, sorted by line.</summary>
    public IReadOnlyList<ConfigurationError> Warnings { get; init; } = [];
}
