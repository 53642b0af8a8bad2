using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>A request of the cache's own to an upstream.</summary>
/// <param name="Destination">The upstream and the repository's name there.</param>
/// <param name="Target">Path and query there.</param>
/// <param name="Accept">The media types that the client takes; empty for no such header.</param>
/// <param name="IsManifest">Whether upstreams that limit pulls count it when it is a GET.</param>
/// <param name="NotFound">What a 404 means.</param>
internal sealed record Fetch(Destination Destination, OriginForm Target, string Accept, bool IsManifest, DistributionError NotFound)
{
    public static Fetch Blob(Destination destination, Digest digest) => new(
        destination, OriginForm.Of($"/v2/{destination.Name}/blobs/{digest}"), "", false, DistributionError.BlobUnknown());

    public static Fetch Manifest(Destination destination, ManifestReference reference, string accept) => new(
        destination, OriginForm.Of($"/v2/{destination.Name}/manifests/{reference}"), accept, true, DistributionError.ManifestUnknown());
}
