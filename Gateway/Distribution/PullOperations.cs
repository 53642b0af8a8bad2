using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Gateway.Ranges;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>GET and HEAD of manifests and blobs: streamed through, or on routes with a cache served from it.</summary>
internal sealed class PullOperations(
    UpstreamDownloads downloads, ColdRanges ranges, DiskStore store, ManifestCache manifests, BlobCache blobs)
{
    public async Task<DistributionError?> Manifest(RegistryRequest request)
    {
        var fallback = new Fallback(request);
        DistributionError? error;
        do
        {
            var served = request.Route.Caches && store.IsEnabled ? await manifests.Serve(request) : ServedManifest.Left;
            error = served.IsLeft ? await downloads.Send(request, ManifestPlan(request)) : served.Error;
        }
        while (fallback.GoesOn(error));
        return fallback.Told;
    }

    /// <summary>Blobs are cached where their redirects are followed: what is passed to the client never comes by.</summary>
    public async Task<DistributionError?> Blob(RegistryRequest request)
    {
        var fallback = new Fallback(request);
        DistributionError? error;
        do
        {
            if (request.Route.Caches && store.IsEnabled && request.FollowsRedirects)
            {
                (error, var left) = await blobs.Serve(request);
                error = left is null ? error
                    : blobs.Learn(request, left, await Streamed(request, request.Path.Digest));
            }
            else
            {
                error = await Streamed(request, verified: null);
            }
        }
        while (fallback.GoesOn(error));
        return fallback.Told;
    }

    /// <summary>Several ranges at once are more than a download: an upstream that does not give them gives them one by one.</summary>
    private async Task<DistributionError?> Streamed(RegistryRequest request, Digest? verified)
    {
        var digest = request.Path.Digest!;
        if (ByteRanges.AreSeveral(request.Context.Request.Headers.Range)
            && AskedRanges.Of(request.Context.Request, ContentHead.TagOf(digest)) is { } asked)
        {
            var fetch = Fetch.Blob(request, digest) with { FollowRedirects = request.FollowsRedirects };
            var sent = await ranges.Send(request, fetch, asked);
            if (!sent.IsWhole)
            {
                return sent.Error;
            }
        }

        return await downloads.Send(request, BlobPlan(request) with { Verified = verified });
    }

    private static Download ManifestPlan(RegistryRequest request) => new()
    {
        Target = OriginForm.Of($"/v2/{request.UpstreamName}/manifests/{request.Path.Reference}"),
        Payer = request,
        Scope = UpstreamScope.Pull(request.UpstreamName),
        NotFound = DistributionError.ManifestUnknown(),
        Verified = request.Path.Reference!.Digest,
        IsMetered = !request.IsHead,
        Kind = CallKind.Pull,
        Content = ContentKind.Manifest,
    };

    private static Download BlobPlan(RegistryRequest request) => new()
    {
        Target = OriginForm.Of($"/v2/{request.UpstreamName}/blobs/{request.Path.Digest}"),
        Payer = request,
        Scope = UpstreamScope.Pull(request.UpstreamName),
        NotFound = DistributionError.BlobUnknown(),
        FollowRedirects = request.FollowsRedirects,
        Kind = CallKind.Pull,
        Content = ContentKind.Blob,
    };
}
