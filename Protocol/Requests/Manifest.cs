namespace RegistryProxy.Protocol;

/// <summary>What the specification says of every manifest.</summary>
public static class Manifest
{
    /// <summary>The largest one, in bytes: the floor that the specification sets for registries.</summary>
    public const long MaxBytes = 4 * 1024 * 1024;
}
