namespace RegistryProxy.Grains.Storage;

/// <summary>When Orleans ends an activation that nobody asks; it looks once a minute.</summary>
internal static class GrainAges
{
    /// <summary>Minutes, of an identity: longer than a directory may be away, which the activation knows.</summary>
    public const int MaxIdleOfSession = 6;

    /// <summary>Minutes, of the others that are many and quickly back: logins of devices, nonces, attestations, upstream tokens.</summary>
    public const int MaxIdle = 3;
}
