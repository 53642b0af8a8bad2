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
}
