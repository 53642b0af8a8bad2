using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// Pulls of blobs on cached routes: 1. the repository must be known to hold the digest, or the upstream is asked; 2. from the disk;
/// 3. else from the one download of it, which everybody joins.
/// </summary>
internal sealed partial class BlobCache(
    StoredBlobs stored, BlobFills fills, HoldingIndex holdings, WriteWatch writes, BlobSender sender, DiskStore store, UpstreamFetcher fetcher,
    FillSources sources, CacheMeter meter, TimeProvider time, ILogger<BlobCache> logger)
{
    /// <summary>How many blobs that do not fit are remembered, so that the upstream is asked for them once and not twice.</summary>
    private const int UnkeptCapacity = 1000;

    private const int UnkeptMaxBytes = 1024 * 1024;

    /// <summary>For how long they are; another time they may have another length.</summary>
    private static readonly TimeSpan UnkeptLifetime = TimeSpan.FromMinutes(1);

    private readonly WeighedCache<FillKey, long> _unkept = new(UnkeptCapacity, UnkeptMaxBytes, static (key, _) => TextWeight.Of(key.Digest));

    /// <summary>Answers, or returns the error for the client. <paramref name="stream"/> is the way past the cache.</summary>
    public async Task<DistributionError?> Serve(Exchange exchange, Func<Task<DistributionError?>> stream)
    {
        var digest = exchange.Path.Digest!;
        var holding = Holding.Of(exchange, digest.Value);
        var fetch = new Fetch(exchange.Destination, "blobs", digest.Value, "", DistributionError.BlobUnknown());

        // 1. To know a digest opens nothing.
        var opened = holdings.Knows(holding);
        if (!opened && (stored.Has(holding.Tenant, exchange.Upstream, digest) || fills.IsRunning(holding)))
        {
            if (await Confirm(exchange, fetch, holding) is { } refused)
            {
                return refused;
            }

            opened = true;
        }

        // 2. From the disk.
        if (opened && await stored.Open(holding.Tenant, exchange.Upstream, digest) is { } lease)
        {
            using (lease)
            {
                return await Hit(exchange, digest, lease);
            }
        }

        // 3. From the download.
        return exchange.IsHead ? await Ask(exchange, stream, holding)
            : store.IsWritable && !IsUnkept(holding) ? await Join(exchange, stream, digest, holding, fetch)
            : await Bypass(exchange, stream, holding);
    }

    private async Task<DistributionError?> Hit(Exchange exchange, Digest digest, DiskLease lease)
    {
        Mark(exchange, CacheState.Hit);
        var (range, error) = ContentHead.WriteBlob(exchange.Context, digest.Value, lease.Size);
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
        var (fill, isNew) = fills.Join(
            holding, () => new BlobFill(digest, holding, fetch, store, sources.For(fetch, holding), meter, time) { Asked = writes.Mark(holding.Address, holding.Repository) });
        try
        {
            if (!isNew && fill.Starter != holding && !holdings.Knows(holding) && await Confirm(exchange, fetch, holding) is { } refused)
            {
                return refused;
            }

            if (await fill.Head(exchange.Aborted) is { } error && fill.Starter == holding)
            {
                return Judge(holding, error);
            }

            if (!fill.IsKept)
            {
                // One that has no room just now may have it in a moment.
                if (fill.Starter == holding && (fill.Size < 0 || fill.Size > store.MaxObjectBytes))
                {
                    _unkept.Set(FillKey.Of(holding), time.GetTimestamp());
                }

                return await Bypass(exchange, stream, holding);
            }

            if (fill.Starter == holding)
            {
                holdings.Learn(holding, fill.Asked);
            }

            return await Follow(exchange, digest, fill, fetch, isNew);
        }
        finally
        {
            fill.Leave();
        }
    }

    private bool IsUnkept(in Holding holding) =>
        _unkept.TryGet(FillKey.Of(holding), out var since) && time.GetElapsedTime(since) < UnkeptLifetime;

    private async Task<DistributionError?> Bypass(Exchange exchange, Func<Task<DistributionError?>> stream, Holding holding)
    {
        Mark(exchange, CacheState.Bypass);
        return Judge(holding, await stream());
    }

    private async Task<DistributionError?> Follow(Exchange exchange, Digest digest, BlobFill fill, Fetch fetch, bool isNew)
    {
        var state = isNew ? CacheState.Miss : CacheState.Joined;
        Mark(exchange, isNew && fill.IsFromPeer ? CacheState.Peer : state);
        var (range, error) = ContentHead.WriteBlob(exchange.Context, digest.Value, fill.Size);
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
        var mark = writes.Mark(holding.Address, holding.Repository);
        var error = await stream();

        // A client that has gone leaves a response that says nothing.
        if (error is null && exchange.Context.Response.StatusCode == StatusCodes.Status200OK && !exchange.Aborted.IsCancellationRequested)
        {
            holdings.Learn(holding, mark);
        }

        return Judge(holding, error);
    }

    /// <summary>Asks the upstream whether the repository holds it; the error for the client when not.</summary>
    private async Task<DistributionError?> Confirm(Exchange exchange, Fetch fetch, Holding holding)
    {
        var mark = writes.Mark(holding.Address, holding.Repository);
        var (answer, error) = await fetcher.Ask(fetch, exchange.Aborted);
        answer?.Dispose();
        exchange.Aborted.ThrowIfCancellationRequested();
        if (error is null)
        {
            holdings.Learn(holding, mark);
            return null;
        }

        return Outage.Is(error) && holdings.Knew(holding) ? null : Judge(holding, error);
    }

    /// <summary>An upstream that says no ends what was known.</summary>
    private DistributionError? Judge(in Holding holding, DistributionError? error)
    {
        if (error is not null && Outage.IsRefusal(error))
        {
            holdings.Forget(holding);
        }

        return error;
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
