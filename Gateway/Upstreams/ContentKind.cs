namespace RegistryProxy.Gateway.Upstreams;

/// <summary>What is pulled.</summary>
internal enum ContentKind
{
    Manifest,

    Blob,

    Referrers,
}
