using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>GET and HEAD of manifests and blobs: streamed through, or on routes with a cache served from it.</summary>
internal sealed class PullOperations(UpstreamDownloads downloads, DiskStore store, ManifestCache manifests, BlobCache blobs)
{
    public async Task<DistributionError?> Manifest(Exchange exchange)
    {
        var fallback = new Fallback(exchange);
        DistributionError? error;
        do
        {
            var served = exchange.Route.Caches && store.IsEnabled ? await manifests.Serve(exchange) : ServedManifest.Left;
            error = served.IsLeft ? await downloads.Send(exchange, ManifestPlan(exchange)) : served.Error;
        }
        while (fallback.GoesOn(error));
        return fallback.Told;
    }

    /// <summary>Blobs are cached where their redirects are followed: what is passed to the client never comes by.</summary>
    public async Task<DistributionError?> Blob(Exchange exchange)
    {
        var fallback = new Fallback(exchange);
        DistributionError? error;
        do
        {
            if (exchange.Route.Caches && store.IsEnabled && exchange.Destination.FollowRedirects)
            {
                (error, var left) = await blobs.Serve(exchange);
                error = left is null ? error
                    : blobs.Learn(exchange, left, await downloads.Send(exchange, BlobPlan(exchange) with { Verified = exchange.Path.Digest }));
            }
            else
            {
                error = await downloads.Send(exchange, BlobPlan(exchange));
            }
        }
        while (fallback.GoesOn(error));
        return fallback.Told;
    }

    private static Download ManifestPlan(Exchange exchange) => new()
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/manifests/{exchange.Path.Reference}"),
        Payer = exchange,
        Scope = UpstreamScope.Pull(exchange.UpstreamName),
        NotFound = DistributionError.ManifestUnknown(),
        Verified = exchange.Path.Reference!.Digest,
        IsMetered = !exchange.IsHead,
        Kind = CallKind.Pull,
        Content = ContentKind.Manifest,
    };

    private static Download BlobPlan(Exchange exchange) => new()
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/blobs/{exchange.Path.Digest}"),
        Payer = exchange,
        Scope = UpstreamScope.Pull(exchange.UpstreamName),
        NotFound = DistributionError.BlobUnknown(),
        FollowRedirects = exchange.Destination.FollowRedirects,
        Kind = CallKind.Pull,
        Content = ContentKind.Blob,
    };
}
