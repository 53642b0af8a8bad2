using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>A request of the cache's own to an upstream.</summary>
internal sealed record Fetch : UpstreamRequest
{
    /// <summary>The upstream and the repository's name there.</summary>
    public required Destination Destination { get; init; }

    /// <summary>The media types that the client takes; empty for no such header.</summary>
    public string Accept { get; init; } = "";

    public static Fetch Blob(Destination destination, Digest digest) => new()
    {
        Destination = destination,
        Target = OriginForm.Of($"/v2/{destination.Name}/blobs/{digest}"),
        Scope = UpstreamScope.Pull(destination.Name),
        NotFound = DistributionError.BlobUnknown(),
        Kind = CallKind.Pull,
    };

    public static Fetch Manifest(Destination destination, ManifestReference reference, string accept) => new()
    {
        Destination = destination,
        Target = OriginForm.Of($"/v2/{destination.Name}/manifests/{reference}"),
        Scope = UpstreamScope.Pull(destination.Name),
        NotFound = DistributionError.ManifestUnknown(),
        Kind = CallKind.Pull,
        IsMetered = true,
        Accept = accept,
    };
}
