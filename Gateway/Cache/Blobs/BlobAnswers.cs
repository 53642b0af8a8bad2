using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
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
