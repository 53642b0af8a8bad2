using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Fairness;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// Whole blobs that come into the cache behind ranges that were passed on, at the pace of their tenant, whose bytes they are. A blob for
/// which there is no place comes behind a later range.
/// </summary>
internal sealed class BackgroundDownloads(
    BlobDownloads downloads, StoredBlobs stored, LinkCheck links, UnkeptBlobs unkept, TenantLimits limits)
{
    /// <summary>At a time.</summary>
    public const int MaxRunning = 32;

    /// <summary>At a time, for one tenant.</summary>
    public const int MaxOfTenant = 8;

    /// <summary>At a time, for one caller.</summary>
    public const int MaxOfCaller = 2;

    private readonly Lock _gate = new();
    private readonly Dictionary<DownloadKey, CallerKey> _running = [];

    public void Begin(in RepositoryLink link, Fetch fetch, RegistryRequest request)
    {
        var (key, caller) = (DownloadKey.Of(link), request.Key);
        lock (_gate)
        {
            if (_running.Count >= MaxRunning || _running.Keys.Count(other => other.Supplier.Tenant == key.Supplier.Tenant) >= MaxOfTenant
                || _running.Values.Count(other => other == caller) >= MaxOfCaller || !_running.TryAdd(key, caller))
            {
                return;
            }
        }

        _ = Run(key, link, fetch, limits.PaceOf(request.TokenService.Tenant));
    }

    private async Task Run(DownloadKey key, RepositoryLink link, Fetch fetch, BytePace? pace)
    {
        BlobDownload? download = null;
        try
        {
            // It may have come behind another range while this one was passed on.
            if (stored.Has(link.Supplier.Tenant, fetch.Destination.Upstream, link.Digest))
            {
                return;
            }

            (download, _) = downloads.Join(link, fetch, pace);
            if (await download.Head(CancellationToken.None) is null && download.Starter == link)
            {
                Learn(link, download);
            }

            await download.WaitBeyond(download.Size - 1, CancellationToken.None);
        }
        finally
        {
            download?.Leave();
            lock (_gate)
            {
                _running.Remove(key);
            }
        }
    }

    private void Learn(in RepositoryLink link, BlobDownload download)
    {
        if (download.IsKept)
        {
            links.Learn(link, download.Asked);
        }
        else
        {
            unkept.Note(link, download.Size);
        }
    }
}
