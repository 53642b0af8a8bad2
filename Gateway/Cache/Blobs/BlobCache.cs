using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// Pulls of blobs on cached routes: 1. the repository must be known to hold the digest, or the upstream is asked; 2. from the disk;
/// 3. else from the one download of it, which everybody joins.
/// </summary>
internal sealed partial class BlobCache(
    StoredBlobs stored, BlobFills fills, LinkCheck links, UnkeptBlobs unkept, BlobSender sender, CacheMeter meter, ILogger<BlobCache> logger)
{
    /// <summary>Answers, or returns the error for the client. <paramref name="stream"/> is the way past the cache.</summary>
    public async Task<DistributionError?> Serve(Exchange exchange, Func<Task<DistributionError?>> stream)
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
                return refused;
            }

            opened = true;
        }

        // 2. From the disk.
        if (opened && await stored.Open(holding.Supplier.Tenant, exchange.Upstream, digest) is { } lease)
        {
            using (lease)
            {
                return await Hit(exchange, digest, lease);
            }
        }

        // 3. From the download.
        return exchange.IsHead ? await Ask(exchange, stream, holding)
            : unkept.MayBeKept(holding) ? await Join(exchange, stream, digest, holding, fetch)
            : await Bypass(exchange, stream, holding);
    }

    private async Task<DistributionError?> Hit(Exchange exchange, Digest digest, DiskLease lease)
    {
        Mark(exchange, CacheState.Hit);
        var (range, error) = ContentHead.WriteBlob(exchange.Context, digest, lease.Size);
        if (range is { } wanted)
        {
            meter.Saved(wanted.Count);
            await Guard(exchange, () => sender.Send(exchange.Context, lease, wanted));
        }

        return error;
    }

    private async Task<DistributionError?> Join(
        Exchange exchange, Func<Task<DistributionError?>> stream, Digest digest, Holding holding, Fetch fetch)
    {
        var (fill, isNew) = fills.Join(holding, fetch);
        try
        {
            if (!isNew && fill.Starter != holding && !links.Knows(holding) && await links.Confirm(holding, fetch, exchange.Aborted) is { } refused)
            {
                return refused;
            }

            if (await fill.Head(exchange.Aborted) is { } error && fill.Starter == holding)
            {
                return links.Judge(holding, error);
            }

            if (!fill.IsKept)
            {
                if (fill.Starter == holding)
                {
                    unkept.Note(holding, fill.Size);
                }

                return await Bypass(exchange, stream, holding);
            }

            if (fill.Starter == holding)
            {
                links.Learn(holding, fill.Asked);
            }

            return await Follow(exchange, digest, fill, fetch, isNew);
        }
        finally
        {
            fill.Leave();
        }
    }

    private async Task<DistributionError?> Bypass(Exchange exchange, Func<Task<DistributionError?>> stream, Holding holding)
    {
        Mark(exchange, CacheState.Bypass);
        return links.Judge(holding, await stream());
    }

    private async Task<DistributionError?> Follow(Exchange exchange, Digest digest, BlobFill fill, Fetch fetch, bool isNew)
    {
        var state = isNew ? CacheState.Miss : CacheState.Joined;
        Mark(exchange, isNew && fill.IsFromPeer ? CacheState.Peer : state);
        var (range, error) = ContentHead.WriteBlob(exchange.Context, digest, fill.Size);
        if (range is { } wanted)
        {
            meter.Saved(isNew && !fill.IsFromPeer ? 0 : wanted.Count);
            await Guard(exchange, () => sender.Send(exchange.Context, fill, fetch, wanted));
        }

        return error;
    }

    /// <summary>HEAD of what is not here: a good answer teaches where it is.</summary>
    private async Task<DistributionError?> Ask(Exchange exchange, Func<Task<DistributionError?>> stream, Holding holding)
    {
        Mark(exchange, CacheState.Miss);
        var mark = links.Mark(holding);
        var error = await stream();

        // A client that has gone leaves a response that says nothing.
        if (error is null && exchange.Context.Response.StatusCode == StatusCodes.Status200OK && !exchange.Aborted.IsCancellationRequested)
        {
            links.Learn(holding, mark);
        }

        return links.Judge(holding, error);
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
