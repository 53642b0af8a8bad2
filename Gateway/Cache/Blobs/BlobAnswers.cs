using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Ranges;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>Answers pulls of blobs: whole, a range, or several.</summary>
internal sealed partial class BlobAnswers(BlobSender sender, UnkeptBlobs unkept, CacheMeter meter, ILogger<BlobAnswers> logger)
{
    /// <summary>From the disk; the error for the client.</summary>
    public async Task<DistributionError?> Hit(RegistryRequest request, Digest digest, DiskLease lease)
    {
        meter.Count(request, CacheState.Hit);
        if (ContentHead.WriteRanges(request.Context, digest, lease.Size) is { } parts)
        {
            return await SendRanges(request, lease, parts);
        }

        var (range, error) = ContentHead.WriteBlob(request.Context, digest, lease.Size);
        if (range is { } wanted)
        {
            meter.Saved(wanted.Count);
            await Guard(request, () => sender.Send(request.Context, lease, wanted));
        }

        return error;
    }

    /// <summary>From a download, as it comes; the error for the client.</summary>
    public async Task<DistributionError?> Follow(RegistryRequest request, Digest digest, BlobDownload download, Fetch fetch, bool isNew)
    {
        var state = isNew ? CacheState.Miss : CacheState.Joined;
        meter.Count(request, isNew && download.IsFromPeer ? CacheState.Peer : state);
        if (ContentHead.WriteRanges(request.Context, digest, download.Size) is { } parts)
        {
            return await SendRanges(request, download, parts, isNew);
        }

        var (range, error) = ContentHead.WriteBlob(request.Context, digest, download.Size);
        if (range is { } wanted)
        {
            meter.Saved(isNew && !download.IsFromPeer ? 0 : wanted.Count);
            await Guard(request, () => sender.Send(request.Context, download, fetch, wanted));
        }

        return error;
    }

    private async Task<DistributionError?> SendRanges(RegistryRequest request, DiskLease lease, MultipartRanges parts)
    {
        meter.Saved(parts.Count);
        await Guard(request, () => sender.Send(request.Context, lease, parts));
        return null;
    }

    private async Task<DistributionError?> SendRanges(RegistryRequest request, BlobDownload download, MultipartRanges parts, bool isNew)
    {
        meter.Saved(isNew && !download.IsFromPeer ? 0 : parts.Count);
        await Guard(request, () => sender.Send(request.Context, download, parts));
        if (download.End == DownloadEnd.DiskFailed)
        {
            // The next try goes past the cache.
            unkept.Note(download.Starter, -1);
        }

        return null;
    }

    /// <summary>A body that cannot be finished never ends cleanly: the connection is cut.</summary>
    private async Task Guard(RegistryRequest request, Func<Task> send)
    {
        try
        {
            await send();
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException or OperationCanceledException)
        {
            if (!request.Aborted.IsCancellationRequested)
            {
                LogCut(request.Upstream.Name, request.Context.TraceIdentifier, fault.Message);
            }

            request.Context.Abort();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A blob from upstream {Upstream} was cut off in request {RequestId}: {Cause}")]
    private partial void LogCut(string upstream, string requestId, string cause);
}

/// <summary>Blobs that do not fit, so that the upstream is asked for them once and not twice.</summary>
internal sealed class UnkeptBlobs(DiskStore store, TimeProvider time)
{
    private const int Capacity = 1000;

    private const int MaxBytes = 1024 * 1024;

    /// <summary>Another time they may have another length.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly WeighedCache<DownloadKey, long> _known = new(Capacity, MaxBytes, static (key, _) => TextWeight.Of(key.Digest.Value));

    /// <summary>Whether it is worth a try.</summary>
    public bool MayBeKept(in RepositoryLink link) =>
        store.IsWritable && !(_known.TryGet(DownloadKey.Of(link), out var since) && time.GetElapsedTime(since) < Lifetime);

    /// <summary>A blob was not kept. One that has no room just now may have it in a moment.</summary>
    /// <param name="size">Its length in bytes; negative when that is not known.</param>
    public void Note(in RepositoryLink link, long size)
    {
        if (size < 0 || size > store.MaxObjectBytes)
        {
            _known.Set(DownloadKey.Of(link), time.GetTimestamp());
        }
    }
}

/// <summary>Parts of blobs that are not cached.</summary>
internal sealed class BlobParts(
    LinkCheck links, UnkeptBlobs unkept, BackgroundDownloads behind, ColdRanges cold, CacheMeter meter)
{
    /// <summary>
    /// Passes parts on at once, if the route says so and the upstream gives parts; behind them may come the whole. <c>null</c> when the
    /// whole is to be waited for.
    /// </summary>
    public async Task<ServedBlob?> Serve(RegistryRequest request, RepositoryLink link, Fetch fetch)
    {
        if (request.Route.Ranges == RouteRanges.Wait || request.Context.Request.Headers.Range.Count == 0
            || AskedRanges.Of(request.Context.Request, ContentHead.TagOf(link.Digest)) is not { } asked)
        {
            return null;
        }

        var sent = await cold.Send(request, fetch, asked);
        if (sent.IsWhole)
        {
            return null;
        }

        var isPart = sent.Error is null && request.Context.Response.StatusCode == StatusCodes.Status206PartialContent;
        meter.Count(request, isPart ? CacheState.Unverified : CacheState.Bypass);
        if (request.Route.Ranges == RouteRanges.Fill && isPart && !sent.IsCut && unkept.MayBeKept(link))
        {
            behind.Begin(link, fetch, request);
        }

        return new ServedBlob(links.Classify(link, sent.Error));
    }
}
