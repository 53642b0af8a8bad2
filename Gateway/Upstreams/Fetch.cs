using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>A request of the cache's own to an upstream.</summary>
internal sealed record Fetch : UpstreamRequest
{
    /// <summary>The upstream and the repository's name there.</summary>
    public required Destination Destination { get; init; }

    /// <summary>The media types that the client takes; empty for no such header.</summary>
    public string Accept { get; init; } = "";

    public static Fetch Blob(RegistryRequest request, Digest digest) => new()
    {
        Destination = request.Destination,
        Payer = request,
        Target = OriginForm.Of($"/v2/{request.UpstreamName}/blobs/{digest}"),
        Scope = UpstreamScope.Pull(request.UpstreamName),
        NotFound = DistributionError.BlobUnknown(),
        Kind = CallKind.Pull,
    };

    public static Fetch Manifest(RegistryRequest request, ManifestReference reference, string accept) => new()
    {
        Destination = request.Destination,
        Payer = request,
        Target = OriginForm.Of($"/v2/{request.UpstreamName}/manifests/{reference}"),
        Scope = UpstreamScope.Pull(request.UpstreamName),
        NotFound = DistributionError.ManifestUnknown(),
        Kind = CallKind.Pull,
        IsMetered = true,
        Accept = accept,
    };

    public HttpRequestMessage ToMessage(HttpMethod method)
    {
        var message = new HttpRequestMessage(method, (Uri?)null);
        RequestHeaders.AddCommon(message);
        if (Accept.Length > 0)
        {
            message.Headers.TryAddWithoutValidation("Accept", Accept);
        }

        return message;
    }
}
