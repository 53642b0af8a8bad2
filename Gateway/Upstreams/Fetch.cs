using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>A request of the cache's own to an upstream.</summary>
/// <param name="Destination">The upstream and the repository's name there.</param>
/// <param name="Kind"><c>blobs</c> or <c>manifests</c>.</param>
/// <param name="Reference">A digest or tag.</param>
/// <param name="Accept">The media types that the client takes; empty for no such header.</param>
/// <param name="NotFound">What a 404 means.</param>
internal sealed record Fetch(Destination Destination, string Kind, string Reference, string Accept, DistributionError NotFound)
{
    public OriginForm Target => OriginForm.Of($"/v2/{Destination.Name}/{Kind}/{Reference}");

    public bool IsManifest => Kind == "manifests";
}
