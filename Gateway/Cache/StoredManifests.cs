using BitFaster.Caching.Lru;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache;

/// <summary>Manifests by digest: those used lately in memory, all of them on the disk, where each is hashed when it is read.</summary>
internal sealed class StoredManifests(DiskStore store, CacheMeter meter)
{
    /// <summary>How many are kept in memory, and up to which size.</summary>
    private const int Capacity = 1000;
    private const int MaxBytesInMemory = 64 * 1024;

    private readonly ConcurrentLru<string, ManifestContent> _recent = new(Capacity);

    /// <summary>A manifest; <c>null</c> when it is not here.</summary>
    public ManifestContent? Find(Digest digest)
    {
        if (_recent.TryGet(digest.Value, out var known))
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

        store.Remove(NameOf(digest));
        meter.Corrupt();
        return null;
    }

    /// <summary>Keeps a manifest.</summary>
    public void Add(ManifestContent content)
    {
        Remember(content);
        var bytes = content.ToFile();
        using var file = store.Begin(bytes.Length);
        try
        {
            if (file is not null)
            {
                RandomAccess.Write(file.File, bytes, 0);
                file.Keep(NameOf(content.Digest));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            store.Failed(fault);
        }
    }

    private void Remember(ManifestContent content)
    {
        if (content.Bytes.Length <= MaxBytesInMemory)
        {
            _recent.AddOrUpdate(content.Digest.Value, content);
        }
    }

    private static string NameOf(Digest digest) => $"{digest.Hex}.manifest";
}
