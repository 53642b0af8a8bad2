using RegistryProxy.Configuration;

namespace RegistryProxy.Grains.Upstreams.Credentials.Clouds;

/// <summary>Where a secret lies, without what it is.</summary>
internal static class SourceDefinition
{
    public static string Of(SecretSource? source) => source switch
    {
        null => "none",
        FileSecret file => $"file {file.Path}",
        EnvironmentSecret environment => $"env {environment.Name}",
        _ => "value",
    };
}
