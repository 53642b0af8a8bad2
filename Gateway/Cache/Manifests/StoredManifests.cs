using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>
/// Manifests by digest, once for everybody: those used lately in memory, all of them on the disk, where each is hashed when it is read.
/// What a digest does not cover is not everybody's: manifests that are signed within themselves are kept for who sent them, and in memory
/// alone.
/// </summary>
internal sealed class StoredManifests(DiskStore store, BlobProvenance provenance, CacheMeter meter)
{
    /// <summary>How many are kept in memory.</summary>
    private const int Capacity = 2000;

    /// <summary>What those may weigh, in bytes; a sixteenth of it is more than the largest manifest, so that each has room.</summary>
    private const int MaxBytes = 72 * 1024 * 1024;

    /// <summary>How many signed ones are kept.</summary>
    private const int SignedCapacity = 500;

    /// <summary>What those may weigh, in bytes.</summary>
    private const int SignedMaxBytes = 16 * 1024 * 1024;

    private readonly WeighedCache<Digest, ManifestContent> _lately = new(Capacity, MaxBytes, static (_, content) => Weigh(content));
    private readonly WeighedCache<(Supplier, Digest), ManifestContent> _signed = new(
        SignedCapacity, SignedMaxBytes, static (_, content) => Weigh(content));

    /// <summary>
    /// A manifest that may be served to a tenant on an upstream's word; <c>null</c> when it is not here, or came from others alone.
    /// </summary>
    public ManifestContent? Find(string tenant, Upstream upstream, Digest digest) =>
        Find(digest) is { } content && provenance.Has(tenant, upstream, digest, NameOf) ? content
            : FindSigned(tenant, upstream, digest);

    /// <summary>Keeps a manifest that an upstream sent.</summary>
    public void Add(in Supplier supplier, ManifestContent content)
    {
        if (!content.IsCovered)
        {
            _signed.Set((supplier, content.Digest), content);
            return;
        }

        provenance.Add(supplier, content.Digest);
        _lately.Set(content.Digest, content);
        var bytes = content.ToFile();
        using var file = store.Begin(supplier, bytes.Length);
        try
        {
            if (file is not null && file.MakeRoom(bytes.Length))
            {
                RandomAccess.Write(file.File, bytes, 0);
                file.Flush();
                file.Keep(NameOf(content.Digest));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            store.Failed(fault, bytes.Length);
        }
    }

    private ManifestContent? Find(Digest digest)
    {
        if (_lately.TryGet(digest, out var known))
        {
            return known;
        }

        using var lease = store.Open(NameOf(digest));
        if (lease is null)
        {
            return null;
        }

        var file = new byte[lease.Size];
        if (IsRead(lease, file) && ManifestContent.FromFile(digest, file) is { IsCovered: true } content)
        {
            _lately.Set(digest, content);
            return content;
        }

        store.Remove(lease.Entry);
        meter.Corrupt();
        return null;
    }

    /// <summary>What cannot be read is not what was written.</summary>
    private static bool IsRead(DiskLease lease, byte[] file)
    {
        try
        {
            return RandomAccess.Read(lease.File, file, 0) == file.Length;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private ManifestContent? FindSigned(string tenant, Upstream upstream, Digest digest)
    {
        foreach (var identity in upstream.Suppliers)
        {
            if (_signed.TryGet((new Supplier(tenant, identity), digest), out var content))
            {
                return content;
            }
        }

        return null;
    }

    private static long Weigh(ManifestContent content) => 400 + content.Bytes.Length;

    private static string NameOf(Digest digest) => $"{digest.Hex}.manifest";
}
