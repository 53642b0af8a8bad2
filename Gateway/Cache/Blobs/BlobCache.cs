using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// Pulls of blobs on cached routes: 1. the repository must be known to hold the digest, or the upstream is asked; 2. from the disk;
/// 3. else from the one download of it, which everybody joins, but for a range that does not wait for it.
/// </summary>
internal sealed partial class BlobCache(
    StoredBlobs stored, BlobFills fills, LinkCheck links, UnkeptBlobs unkept, FillsBehind behind, BlobSender sender, CacheMeter meter,
    ILogger<BlobCache> logger)
{
    /// <summary>Answers, or returns the error for the client, or leaves the blob to the upstream; then <see cref="Learn"/> wants to know of its answer.</summary>
    public async ValueTask<ServedBlob> Serve(Exchange exchange)
    {
        var digest = exchange.Path.Digest!;
        var holding = Holding.Of(exchange, digest);
        var fetch = Fetch.Blob(exchange, digest);

        // 1. To know a digest opens nothing.
        var opened = links.Knows(holding);
        if (!opened && (stored.Has(holding.Supplier.Tenant, exchange.Upstream, digest) || fills.IsRunning(holding)))
        {
            if (await links.Confirm(holding, fetch, exchange.Aborted) is { } refused)
            {
                return new ServedBlob(refused);
            }

            opened = true;
        }

        // 2. From the disk.
        if (opened && await stored.Open(holding.Supplier.Tenant, exchange.Upstream, digest) is { } lease)
        {
            using (lease)
            {
                return new ServedBlob(await Hit(exchange, digest, lease));
            }
        }

        // 3. From the download.
        return exchange.IsHead ? Leave(exchange, CacheState.Miss, new LeftBlob(holding, links.Mark(holding)))
            : IsPassed(exchange, digest) ? Leave(exchange, CacheState.Unverified, new LeftBlob(holding, null) { Behind = fetch })
            : unkept.MayBeKept(holding) ? await Join(exchange, digest, holding, fetch)
            : Leave(exchange, CacheState.Bypass, new LeftBlob(holding, null));
    }

    /// <summary>Takes what came of a blob that was left to the upstream; the error for the client.</summary>
    public DistributionError? Learn(Exchange exchange, LeftBlob left, DistributionError? error)
    {
        // A client that has gone leaves a response that says nothing.
        if (left.Asked is { } mark && error is null && exchange.Context.Response.StatusCode == StatusCodes.Status200OK && !exchange.Aborted.IsCancellationRequested)
        {
            links.Learn(left.Holding, mark);
        }

        if (left.Behind is { } fetch && error is null)
        {
            Follow(exchange, left.Holding, fetch);
        }

        return links.Judge(left.Holding, error);
    }

    /// <summary>Whether a range goes to the client at once, as the route says.</summary>
    private static bool IsPassed(Exchange exchange, Digest digest) =>
        exchange.Route.Ranges != RouteRanges.Wait && ByteRange.IsPart(exchange.Context.Request, ContentHead.TagOf(digest));

    /// <summary>A range was passed on: whatever answered to it whole was checked, and behind a range may come the whole.</summary>
    private void Follow(Exchange exchange, in Holding holding, Fetch fetch)
    {
        if (exchange.Context.Response.StatusCode != StatusCodes.Status206PartialContent)
        {
            exchange.Cache = CacheState.Bypass;
        }
        else if (exchange.Route.Ranges == RouteRanges.Fill && unkept.MayBeKept(holding))
        {
            behind.Begin(holding, fetch, exchange.Key);
        }
    }

    private async Task<DistributionError?> Hit(Exchange exchange, Digest digest, DiskLease lease)
    {
        Mark(exchange, CacheState.Hit);
        if (ContentHead.WriteRanges(exchange.Context, digest, lease.Size) is { } parts)
        {
            return await SendRanges(exchange, lease, parts);
        }

        var (range, error) = ContentHead.WriteBlob(exchange.Context, digest, lease.Size);
        if (range is { } wanted)
        {
            meter.Saved(wanted.Count);
            await Guard(exchange, () => sender.Send(exchange.Context, lease, wanted));
        }

        return error;
    }

    /// <summary>What is refused to who began a download alone, those who joined it ask for themselves.</summary>
    private async Task<ServedBlob> Join(Exchange exchange, Digest digest, Holding holding, Fetch fetch)
    {
        ServedBlob? served;
        do
        {
            served = await JoinOnce(exchange, digest, holding, fetch);
        }
        while (served is null);
        return served.Value;
    }

    private async Task<ServedBlob?> JoinOnce(Exchange exchange, Digest digest, Holding holding, Fetch fetch)
    {
        var (fill, isNew) = fills.Join(holding, fetch);
        try
        {
            if (!isNew && fill.Starter != holding && !links.Knows(holding) && await links.Confirm(holding, fetch, exchange.Aborted) is { } refused)
            {
                return new ServedBlob(refused);
            }

            if (await fill.Head(exchange.Aborted) is { } error && fill.Starter == holding)
            {
                return !isNew && error.IsOfCaller ? null : new ServedBlob(links.Judge(holding, error));
            }

            if (!fill.IsKept)
            {
                if (fill.Starter == holding)
                {
                    unkept.Note(holding, fill.Size);
                }

                return Leave(exchange, CacheState.Bypass, new LeftBlob(holding, null));
            }

            if (fill.Starter == holding)
            {
                links.Learn(holding, fill.Asked);
            }

            return new ServedBlob(await Follow(exchange, digest, fill, fetch, isNew));
        }
        finally
        {
            fill.Leave();
        }
    }

    private ServedBlob Leave(Exchange exchange, CacheState state, LeftBlob left)
    {
        Mark(exchange, state);
        return new ServedBlob(null, left);
    }

    private async Task<DistributionError?> Follow(Exchange exchange, Digest digest, BlobFill fill, Fetch fetch, bool isNew)
    {
        var state = isNew ? CacheState.Miss : CacheState.Joined;
        Mark(exchange, isNew && fill.IsFromPeer ? CacheState.Peer : state);
        if (ContentHead.WriteRanges(exchange.Context, digest, fill.Size) is { } parts)
        {
            return await SendRanges(exchange, fill, parts, isNew);
        }

        var (range, error) = ContentHead.WriteBlob(exchange.Context, digest, fill.Size);
        if (range is { } wanted)
        {
            meter.Saved(isNew && !fill.IsFromPeer ? 0 : wanted.Count);
            await Guard(exchange, () => sender.Send(exchange.Context, fill, fetch, wanted));
        }

        return error;
    }

    private async Task<DistributionError?> SendRanges(Exchange exchange, DiskLease lease, MultipartRanges parts)
    {
        meter.Saved(parts.Count);
        await Guard(exchange, () => sender.Send(exchange.Context, lease.File, parts));
        return null;
    }

    private async Task<DistributionError?> SendRanges(Exchange exchange, BlobFill fill, MultipartRanges parts, bool isNew)
    {
        meter.Saved(isNew && !fill.IsFromPeer ? 0 : parts.Count);
        await Guard(exchange, () => sender.Send(exchange.Context, fill, parts));
        if (fill.End == FillEnd.DiskFailed)
        {
            // The next try goes past the cache.
            unkept.Note(fill.Starter, -1);
        }

        return null;
    }

    private void Mark(Exchange exchange, CacheState state)
    {
        exchange.Cache = state;
        meter.Count(state);
    }

    /// <summary>A body that cannot be finished never ends cleanly: the connection is cut.</summary>
    private async Task Guard(Exchange exchange, Func<Task> send)
    {
        try
        {
            await send();
        }
        catch (Exception fault) when (fault is IOException or HttpRequestException or OperationCanceledException)
        {
            if (!exchange.Aborted.IsCancellationRequested)
            {
                LogCut(exchange.Upstream.Name, exchange.Context.TraceIdentifier, fault.Message);
            }

            exchange.Context.Abort();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A blob of upstream {Upstream} was cut in request {RequestId}: {Cause}")]
    private partial void LogCut(string upstream, string requestId, string cause);
}

/// <summary>What the cache did with a pull of a blob.</summary>
/// <param name="Error">The error for the client; <c>null</c> when it was answered, or left.</param>
/// <param name="Left">Set when the upstream is to be asked past the cache.</param>
internal readonly record struct ServedBlob(DistributionError? Error, LeftBlob? Left = null);

/// <summary>A blob that is left to the upstream.</summary>
/// <param name="Holding">The blob as the tenant gets it.</param>
/// <param name="Asked">For a HEAD, when it was asked: a good answer teaches where the blob is.</param>
internal sealed record LeftBlob(Holding Holding, WriteMark? Asked)
{
    /// <summary>For a range that is passed on, how the whole is asked for.</summary>
    public Fetch? Behind { get; init; }
}
