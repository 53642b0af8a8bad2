namespace RegistryProxy.Grains.Storage;

/// <summary>Names of the grain storage that a host must register.</summary>
public static class GrainStorageNames
{
    /// <summary>Sessions and keys.</summary>
    public const string State = "state";
}
