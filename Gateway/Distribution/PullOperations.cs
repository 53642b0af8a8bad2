using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Gateway.Ranges;
using RegistryProxy.Gateway.Referrers;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Uploads;
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

/// <summary>From an operation to the code that carries it out: it answers, or returns the error for the client.</summary>
internal sealed class OperationRunner(
    PullOperations pulls, ManifestPush push, DeleteOperations deletes, UploadOperations uploads, TagListing tags,
    ReferrersListing referrers, CatalogListing catalog)
{
    public Task<DistributionError?> Run(Operation operation, RegistryRequest request) => operation switch
    {
        Operation.PullManifest => pulls.Manifest(request),
        Operation.PullBlob => pulls.Blob(request),
        Operation.ListReferrers => referrers.List(request),
        Operation.ListTags => tags.List(request),
        Operation.PutManifest => push.Put(request),
        Operation.DeleteManifest => deletes.Manifest(request),
        Operation.DeleteBlob => deletes.Blob(request),
        Operation.StartUpload => uploads.Start(request),
        Operation.UploadStatus => uploads.Status(request),
        Operation.UploadChunk => uploads.Chunk(request),
        Operation.FinishUpload => uploads.Finish(request),
        Operation.CancelUpload => uploads.Cancel(request),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "not an operation on a repository"),
    };

    public Task<DistributionError?> RunOnRegistry(Operation operation, RegistryWideRequest request) => operation switch
    {
        Operation.Ping => Ping(request.Context),
        Operation.ListCatalog => catalog.List(request),
        _ => throw new ArgumentOutOfRangeException(nameof(operation), operation, "not an operation on the registry"),
    };

    private static async Task<DistributionError?> Ping(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = 2;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.WriteAsync("{}", context.RequestAborted);
        }

        return null;
    }
}
