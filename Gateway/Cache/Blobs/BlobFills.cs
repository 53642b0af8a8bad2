using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// The downloads into the cache that are under way, one for each digest of a tenant at an upstream: nobody reads from another's upstream what
/// is not checked yet.
/// </summary>
internal sealed partial class BlobFills(
    Deliveries deliveries, DiskStore store, FillSources sources, WriteWatch writes, CacheMeter meter, TimeProvider time, ILogger<BlobFills> logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<FillKey, BlobFill> _running = [];

    public bool IsRunning(in Holding holding)
    {
        lock (_gate)
        {
            return _running.ContainsKey(FillKey.Of(holding));
        }
    }

    /// <summary>Joins the download of a digest if it is under way; the caller leaves it in the end.</summary>
    public BlobFill? Join(in Holding holding)
    {
        lock (_gate)
        {
            return _running.TryGetValue(FillKey.Of(holding), out var running) && running.TryJoin() ? running : null;
        }
    }

    /// <summary>Joins the download of a digest, or begins it; the caller leaves it in the end.</summary>
    public (BlobFill Fill, bool IsNew) Join(in Holding holding, Fetch fetch)
    {
        var key = FillKey.Of(holding);
        lock (_gate)
        {
            if (_running.TryGetValue(key, out var running) && running.TryJoin())
            {
                return (running, false);
            }

            var fill = new BlobFill(holding, fetch, store, sources.For(fetch, holding), meter, time) { Asked = writes.Mark(holding.Repository) };
            fill.TryJoin();
            _running[key] = fill;
            _ = Run(key, fill);
            return (fill, true);
        }
    }

    private async Task Run(FillKey key, BlobFill fill)
    {
        await fill.Run();
        if (fill.End == FillEnd.Complete)
        {
            deliveries.Add(key.Supplier, key.Digest);
        }

        if (fill.Fault is { } fault)
        {
            LogFault(fault, key.Digest, key.Supplier.Upstream);
        }

        lock (_gate)
        {
            if (_running.TryGetValue(key, out var running) && running == fill)
            {
                _running.Remove(key);
            }
        }

        fill.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The download of {Digest} of upstream {Upstream} ended by a fault of this gateway")]
    private partial void LogFault(Exception fault, Digest digest, string upstream);
}

/// <summary>What makes two downloads the same.</summary>
internal readonly record struct FillKey(Supplier Supplier, Digest Digest)
{
    public static FillKey Of(in Holding holding) => new(holding.Supplier, holding.Digest);
}
