using System.Globalization;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Grains.Managed;

namespace RegistryProxy.Grains.Administration;

/// <summary>Names a version in requests. It tells nothing of the text, which has secrets.</summary>
internal static class ETag
{
    /// <summary>The entity tag (RFC 9110 §8.8.3) of a version, or of none.</summary>
    public static string Of(ManagedVersion? version) => version is null ? "\"0\""
        : string.Create(CultureInfo.InvariantCulture, $"\"{version.Number}-{version.At.ToUnixTimeMilliseconds():x}\"");

    /// <summary>Whether one of <c>If-Match</c> is that of the newest version, by the strong comparison.</summary>
    public static bool Matches(string ifMatch, ManagedVersion? newest) =>
        ifMatch.Split(',', StringSplitOptions.TrimEntries).Any(tag => tag == "*" || tag == Of(newest));
}

/// <summary>What became of a change.</summary>
/// <param name="Version">The number of the version that is the newest now; 0 for none.</param>
/// <param name="Changed">Whether it is a new one.</param>
/// <param name="Change">What is, or would be, another in it; no secret.</param>
/// <param name="Warnings">What works and may not be meant.</param>
internal sealed record ConfigurationOutcome(long Version, bool Changed, string Change, IReadOnlyList<ConfigurationRemark> Warnings);

/// <summary>Something about a line of a part.</summary>
internal sealed record ConfigurationRemark(int Line, string Field, string Message)
{
    public static ConfigurationRemark Of(ConfigurationError error) => new(error.Line, error.Field, error.Message);
}

/// <summary>What is wrong with a part, in the registry's format of errors.</summary>
internal sealed record ConfigurationErrors(IReadOnlyList<ConfigurationFault> Errors);

/// <summary>One thing that is wrong.</summary>
internal sealed record ConfigurationFault(string Code, string Message, ConfigurationPlace Detail)
{
    public static ConfigurationFault Of(ConfigurationError error) => new(
        "UNSUPPORTED", $"line {error.Line}: {(error.Field.Length > 0 ? $"{error.Field}: " : "")}{error.Message}",
        new ConfigurationPlace(error.Line, error.Field));
}

/// <summary>Where it is.</summary>
internal sealed record ConfigurationPlace(int Line, string Field);

/// <summary>The versions that are kept, the newest first.</summary>
/// <param name="Versions">The versions.</param>
/// <param name="Errors">Why the newest one cannot be used as its operator's part is now; empty when it can.</param>
internal sealed record ConfigurationHistory(IReadOnlyList<ConfigurationVersion> Versions, IReadOnlyList<ConfigurationRemark> Errors);

/// <summary>One of them, without its text.</summary>
internal sealed record ConfigurationVersion(long Version, string ETag, DateTimeOffset At, string By, string Change)
{
    public static ConfigurationVersion Of(ManagedVersion version) => new(
        version.Number, Administration.ETag.Of(version), version.At, version.By, version.Change);
}

/// <summary>An order to take back a former version.</summary>
internal sealed record ConfigurationRollback(string? Tenant, long Version);
