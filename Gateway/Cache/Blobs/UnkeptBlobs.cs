using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Memory;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>Blobs that do not fit, so that the upstream is asked for them once and not twice.</summary>
internal sealed class UnkeptBlobs(DiskStore store, TimeProvider time)
{
    private const int Capacity = 1000;

    private const int MaxBytes = 1024 * 1024;

    /// <summary>Another time they may have another length.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly WeighedCache<DownloadKey, long> _known = new(Capacity, MaxBytes, static (key, _) => TextWeight.Of(key.Digest.Value));

    /// <summary>Whether it is worth a try.</summary>
    public bool MayBeKept(in RepositoryLink link) =>
        store.IsWritable && !(_known.TryGet(DownloadKey.Of(link), out var since) && time.GetElapsedTime(since) < Lifetime);

    /// <summary>A blob was not kept. One that has no room just now may have it in a moment.</summary>
    /// <param name="size">Its length in bytes; negative when that is not known.</param>
    public void Note(in RepositoryLink link, long size)
    {
        if (size < 0 || size > store.MaxObjectBytes)
        {
            _known.Set(DownloadKey.Of(link), time.GetTimestamp());
        }
    }
}
