using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// The downloads into the cache that are under way, one for each digest of a tenant at an upstream: nobody reads from another's upstream
/// what is not checked yet.
/// </summary>
internal sealed partial class BlobDownloads(
    BlobProvenance provenance, DiskStore store, DownloadSources sources, InvalidationClock clock, CacheMeter meter, TimeProvider time,
    ILogger<BlobDownloads> logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<DownloadKey, BlobDownload> _running = [];

    /// <summary>Whether a download of a digest is under way that another repository began: it says nothing of this one.</summary>
    public bool IsRunningElsewhere(in RepositoryLink link)
    {
        lock (_gate)
        {
            return _running.TryGetValue(DownloadKey.Of(link), out var running) && running.Starter != link;
        }
    }

    /// <summary>Joins the download of a digest if it is under way; the caller leaves it in the end.</summary>
    public BlobDownload? Join(in RepositoryLink link)
    {
        lock (_gate)
        {
            return _running.TryGetValue(DownloadKey.Of(link), out var running) && running.TryJoin() ? running : null;
        }
    }

    /// <summary>Joins the download of a digest, or begins it, at a pace; the caller leaves it in the end.</summary>
    public (BlobDownload Download, bool IsNew) Join(in RepositoryLink link, Fetch fetch, BytePace? pace = null)
    {
        var key = DownloadKey.Of(link);
        lock (_gate)
        {
            if (_running.TryGetValue(key, out var running) && running.TryJoin())
            {
                return (running, false);
            }

            var download = new BlobDownload(
                link, fetch, store, sources.For(fetch, link), meter, time) { Asked = clock.Mark(link.Repository), Pace = pace };
            download.TryJoin();
            _running[key] = download;
            _ = Run(key, download);
            return (download, true);
        }
    }

    private async Task Run(DownloadKey key, BlobDownload download)
    {
        await download.Run();
        if (download.End == DownloadEnd.Complete)
        {
            provenance.Add(key.Supplier, key.Digest);
        }

        if (download.Fault is { } fault)
        {
            LogFault(fault, key.Digest, key.Supplier.Upstream);
        }

        lock (_gate)
        {
            if (_running.TryGetValue(key, out var running) && running == download)
            {
                _running.Remove(key);
            }
        }

        download.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error,
        Message = "The download of {Digest} from upstream {Upstream} ended because of a bug in this gateway")]
    private partial void LogFault(Exception fault, Digest digest, string upstream);
}

/// <summary>What makes two downloads the same.</summary>
internal readonly record struct DownloadKey(Supplier Supplier, Digest Digest)
{
    public static DownloadKey Of(in RepositoryLink link) => new(link.Supplier, link.Digest);
}
