using BitFaster.Caching.Lru;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache;

/// <summary>Manifests by digest: those used lately in memory, all of them on the disk, where each is hashed when it is read.</summary>
internal sealed class StoredManifests(DiskStore store, Deliveries deliveries, CacheMeter meter)
{
    /// <summary>How many are kept in memory: many of the usual size, few of those that may have 4 MiB; 128 MB at most.</summary>
    private const int SmallCapacity = 1000;
    private const int LargeCapacity = 16;
    private const int SmallBytes = 64 * 1024;

    private readonly ConcurrentLru<string, ManifestContent> _small = new(SmallCapacity);
    private readonly ConcurrentLru<string, ManifestContent> _large = new(LargeCapacity);

    /// <summary>A manifest; <c>null</c> when it is not here.</summary>
    public ManifestContent? Find(Digest digest)
    {
        if (_small.TryGet(digest.Value, out var known) || _large.TryGet(digest.Value, out known))
        {
            return known;
        }

        using var lease = store.Open(NameOf(digest));
        if (lease is null)
        {
            return null;
        }

        var file = new byte[lease.Size];
        if (RandomAccess.Read(lease.File, file, 0) == file.Length && ManifestContent.FromFile(digest, file) is { } content)
        {
            Remember(content);
            return content;
        }

        store.Remove(lease.Entry);
        meter.Corrupt();
        return null;
    }

    /// <summary>A manifest that came from an upstream of the tenant; <c>null</c> when it is not here, or another tenant's alone.</summary>
    public ManifestContent? Find(string tenant, Digest digest) => Find(digest) is { } content && deliveries.Has(tenant, digest, NameOf(digest)) ? content : null;

    /// <summary>Keeps a manifest that a tenant pulled.</summary>
    public void Add(string tenant, ManifestContent content)
    {
        deliveries.Add(tenant, content.Digest.Value);
        Remember(content);
        var bytes = content.ToFile();
        using var file = store.Begin(tenant, bytes.Length);
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
            store.Failed(fault);
        }
    }

    private void Remember(ManifestContent content) =>
        (content.Bytes.Length <= SmallBytes ? _small : _large).AddOrUpdate(content.Digest.Value, content);

    private static string NameOf(Digest digest) => $"{digest.Hex}.manifest";
}
