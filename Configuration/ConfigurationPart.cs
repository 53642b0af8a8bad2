namespace RegistryProxy.Configuration;

/// <summary>How much of a configuration file a host reads.</summary>
public enum ConfigurationPart
{
    /// <summary>Everything.</summary>
    Whole,

    /// <summary>
    /// What a gateway needs to listen and to find its cluster; the rest it gets from there, and the file may leave it out.
    /// </summary>
    Gateway,
}
