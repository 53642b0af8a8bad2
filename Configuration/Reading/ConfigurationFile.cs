using RegistryProxy.Configuration.Reading.Texts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading;

/// <summary>
/// Reads a configuration file and those that it includes, strictly: an unknown key is an error, and every error is found in one run.
/// </summary>
public static class ConfigurationFile
{
    /// <summary>The largest file, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Reads a file; a missing or unreadable one is an error like the others.</summary>
    public static ConfigurationResult Read(string path, ConfigurationPart part = ConfigurationPart.Whole) =>
        new ConfigurationFiles(path, part).Read();

    /// <summary>Reads a text as if it stood in the file <paramref name="path"/>; relative paths begin at its folder.</summary>
    public static ConfigurationResult Parse(string text, string path, ConfigurationPart part = ConfigurationPart.Whole) =>
        new ConfigurationComposer(path, part).Compose(new Secret(text), new ConfigurationFiles(path, part));

    /// <summary>The same with the texts of the files beside it.</summary>
    /// <param name="text">The main file.</param>
    /// <param name="path">Where it would be.</param>
    /// <param name="parts">Whatever the files here say.</param>
    public static ConfigurationResult Parse(string text, string path, IReadOnlyList<PartText> parts)
    {
        var result = new ConfigurationComposer(path, ConfigurationPart.Whole).Compose(new Secret(text), new GivenParts(parts));
        var unusable = result.Faults.Where(fault => parts.Any(part => part.Name == fault.Part)).SelectMany(fault => fault.Errors).ToList();
        return unusable.Count == 0 ? result : result with { Snapshot = null, Errors = [.. result.Errors, .. unusable] };
    }
}
