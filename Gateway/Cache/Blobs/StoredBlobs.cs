using RegistryProxy.Background;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// Blobs on the disk. A file is hashed before it is served when an earlier process left it, when it was touched since, and once a day:
/// disks forget, and people touch files.
/// </summary>
internal sealed class StoredBlobs(DiskStore store, BlobProvenance provenance, CacheMeter meter, TimeProvider time)
{
    private static readonly TimeSpan CheckLifetime = TimeSpan.FromDays(1);

    private const int ChunkBytes = 1024 * 1024;

    private readonly SingleFlights<(string Name, FileStamp Stamp), bool> _checks = new();

    public static string NameOf(Digest digest) => $"{digest.Hex}.blob";

    /// <summary>Whether a blob is there that may be served to a tenant on an upstream's word.</summary>
    public bool Has(string tenant, Upstream upstream, Digest digest) =>
        NameOf(digest) is var name && store.OwnerOf(name) is not null && provenance.Has(tenant, upstream, digest, NameOf);

    /// <summary>Opens a blob; <c>null</c> when it is not there, not what it should be, or came from others alone.</summary>
    public async ValueTask<DiskLease?> Open(string tenant, Upstream upstream, Digest digest)
    {
        var name = NameOf(digest);
        if (!provenance.Has(tenant, upstream, digest, NameOf) || store.Open(name) is not { } lease)
        {
            return null;
        }

        if (IsChecked(lease) || await CheckOnce(digest, name, lease))
        {
            return lease;
        }

        lease.Dispose();
        return null;
    }

    private bool IsChecked(DiskLease lease) =>
        lease.Entry.Check is { } check && check.Stamp == lease.Stamp && time.GetElapsedTime(check.At) < CheckLifetime;

    /// <summary>On its own: what the delegate holds would otherwise be allocated for every blob that is opened.</summary>
    private Task<bool> CheckOnce(Digest digest, string name, DiskLease lease) =>
        _checks.Join((name, lease.Stamp), () => Task.Run(() => Check(digest, lease)));

    private bool Check(Digest digest, DiskLease lease)
    {
        var right = IsRight(digest, lease);
        lease.Entry.Check = right ? new DiskCheck(lease.Stamp, time.GetTimestamp()) : null;
        if (!right)
        {
            store.Remove(lease.Entry);
            meter.Corrupt();
        }

        return right;
    }

    private static bool IsRight(Digest digest, DiskLease lease)
    {
        using var hash = new BlobHash(digest);
        var buffer = new byte[ChunkBytes];
        try
        {
            for (long offset = 0; RandomAccess.Read(lease.File, buffer, offset) is var read and > 0; offset += read)
            {
                hash.Append(buffer.AsSpan(0, read));
            }
        }
        catch (IOException)
        {
            return false;
        }

        return hash.IsRight();
    }
}
