using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration;

/// <summary>What came of reading a configuration: the configuration, or every error in its main file, sorted by line.</summary>
/// <param name="Snapshot">Set when there is no error in the main file.</param>
/// <param name="Errors">Those of the main file; empty when there is none.</param>
public sealed record ConfigurationResult(ConfigurationSnapshot? Snapshot, IReadOnlyList<ConfigurationError> Errors)
{
    /// <summary>What works and may not be meant, sorted by line.</summary>
    public IReadOnlyList<ConfigurationError> Warnings { get; init; } = [];

    /// <summary>The other files that are not used as they are now.</summary>
    public IReadOnlyList<PartFault> Faults { get; init; } = [];

    /// <summary>What is wrong with any file.</summary>
    public IEnumerable<ConfigurationError> AllErrors => Errors.Concat(Faults.SelectMany(fault => fault.Errors));
}

/// <summary>A file beside the main one is not used as it is now; everything else is.</summary>
/// <param name="Part">The <see cref="PartText.Name"/>.</param>
/// <param name="File">The file.</param>
/// <param name="IsKept">Whether its last good text is in use; else the hosts of its tenants answer 503.</param>
/// <param name="Errors">What is wrong with it, by line.</param>
public sealed record PartFault(string Part, string File, bool IsKept, IReadOnlyList<ConfigurationError> Errors);
