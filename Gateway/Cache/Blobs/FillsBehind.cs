using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Upstreams;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>Whole blobs that come into the cache behind ranges that were passed on. A blob for which there is no place comes behind a later range.</summary>
internal sealed class FillsBehind(BlobFills fills, LinkCheck links, UnkeptBlobs unkept)
{
    /// <summary>At a time.</summary>
    public const int MaxRunning = 32;

    /// <summary>At a time, for one tenant.</summary>
    public const int MaxOfTenant = 8;

    /// <summary>At a time, for one caller.</summary>
    public const int MaxOfCaller = 2;

    private readonly Lock _gate = new();
    private readonly Dictionary<FillKey, CallerKey> _running = [];

    public void Begin(in Holding holding, Fetch fetch, CallerKey caller)
    {
        var key = FillKey.Of(holding);
        lock (_gate)
        {
            if (_running.Count >= MaxRunning || _running.Keys.Count(other => other.Supplier.Tenant == key.Supplier.Tenant) >= MaxOfTenant
                || _running.Values.Count(other => other == caller) >= MaxOfCaller || !_running.TryAdd(key, caller))
            {
                return;
            }
        }

        _ = Run(key, holding, fetch);
    }

    private async Task Run(FillKey key, Holding holding, Fetch fetch)
    {
        BlobFill? fill = null;
        try
        {
            (fill, _) = fills.Join(holding, fetch);
            if (await fill.Head(CancellationToken.None) is null && fill.Starter == holding)
            {
                Learn(holding, fill);
            }

            await fill.WaitBeyond(fill.Size - 1, CancellationToken.None);
        }
        finally
        {
            fill?.Leave();
            lock (_gate)
            {
                _running.Remove(key);
            }
        }
    }

    private void Learn(in Holding holding, BlobFill fill)
    {
        if (fill.IsKept)
        {
            links.Learn(holding, fill.Asked);
        }
        else
        {
            unkept.Note(holding, fill.Size);
        }
    }
}
