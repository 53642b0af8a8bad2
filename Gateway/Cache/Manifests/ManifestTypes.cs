namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>The media types of manifests that are known here, and how else a client may ask for them.</summary>
[Flags]
internal enum ManifestTypes
{
    None = 0,
    OciManifest = 1,
    OciIndex = 2,
    DockerManifest = 4,
    DockerList = 8,

    /// <summary>A wildcard.</summary>
    Any = 16,

    /// <summary>No <c>Accept</c> at all: everything is taken (RFC 9110 §12.5.1), but registries tell it from a wildcard.</summary>
    Unsaid = 32,

    DockerSigned = 64,
}
