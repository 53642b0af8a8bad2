using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reading.Texts;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reload;

/// <summary>The file of a host with what its cluster follows in the place of its own shared sections.</summary>
internal static class ClusterFile
{
    /// <summary>Reads it; sections that are no YAML are an error like others.</summary>
    /// <param name="composer">What was read before.</param>
    /// <param name="path">Where the file lies.</param>
    /// <param name="file">Its text.</param>
    /// <param name="followed">What the cluster follows.</param>
    /// <param name="managed">The parts that are kept in the state.</param>
    public static ConfigurationResult Compose(
        ConfigurationComposer composer, string path, Secret file, SharedSections followed, ManagedParts managed)
    {
        try
        {
            return composer.Compose(new Secret(SharedSections.Merge(file, followed.Text)), new GivenParts(followed.Parts, managed));
        }
        catch (FormatException fault)
        {
            return new ConfigurationResult(null, [new ConfigurationError(path, 1, "", fault.Message)]);
        }
    }
}
