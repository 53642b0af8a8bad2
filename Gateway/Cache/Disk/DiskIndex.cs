namespace RegistryProxy.Gateway.Cache.Disk;

/// <summary>
/// The files of the cache and who has to make room. Everybody may use all of it while nobody else needs it; when it is full, tenants that
/// have more than an equal part give first, those that were not used for longest. What nobody asked for within a day protects nobody.
/// Not synchronised: <see cref="DiskStore"/> is.
/// </summary>
internal sealed class DiskIndex(long maxBytes, TimeProvider time, int maxFiles = DiskIndex.MaxFiles)
{
    /// <summary>How many files there may be: each costs some memory here, however small it is.</summary>
    public const int MaxFiles = 1_000_000;

    private static readonly TimeSpan Protection = TimeSpan.FromDays(1);

    private readonly Dictionary<string, LinkedListNode<DiskEntry>> _entries = [];
    private readonly Dictionary<string, DiskShare> _shares = [];
    private long _reserved;

    public int Count => _entries.Count;

    /// <summary>Of the files, without what is reserved for those being written.</summary>
    public long Bytes { get; private set; }

    /// <summary>Finds an entry and makes it the one that was used last.</summary>
    public DiskEntry? Use(string name)
    {
        if (!_entries.TryGetValue(name, out var node))
        {
            return null;
        }

        _shares[node.Value.Share].Use(node);
        node.Value.UsedAt = time.GetTimestamp();
        return node.Value;
    }

    /// <summary>Whose folder a file lies in; <c>null</c> when there is none.</summary>
    public string? OwnerOf(string name) => _entries.GetValueOrDefault(name)?.Value.Owner;

    /// <summary>Adds a file that is not there.</summary>
    public DiskEntry Add(string name, string owner, long size)
    {
        var entry = new DiskEntry(name, owner, size, time.GetTimestamp());
        _entries[name] = ShareOf(entry.Share).Add(entry);
        Bytes += size;
        return entry;
    }

    public DiskEntry? Remove(string name)
    {
        if (!_entries.Remove(name, out var node))
        {
            return null;
        }

        ShareOf(node.Value.Share).Remove(node);
        Bytes -= node.Value.Size;
        return node.Value;
    }

    /// <summary>Sets room aside for a file to come; <c>false</c> when there is not enough beside what may not go.</summary>
    /// <param name="leaving">Gets the files that had to go for it.</param>
    public bool Reserve(string owner, long bytes, List<DiskEntry> leaving)
    {
        var share = ShareOf(Supplier.ShareOf(owner));
        while (maxBytes - Bytes - _reserved < bytes || _entries.Count >= maxFiles)
        {
            if (Victim(share, bytes) is not { } victim)
            {
                return false;
            }

            leaving.Add(Remove(victim.Name)!);
        }

        share.Reserve(bytes);
        _reserved += bytes;
        return true;
    }

    /// <summary>The file came, or will not come.</summary>
    public void Release(string owner, long bytes)
    {
        ShareOf(Supplier.ShareOf(owner)).Reserve(-bytes);
        _reserved -= bytes;
    }

    private DiskEntry? Victim(DiskShare asking, long bytes)
    {
        var parts = _shares.Values.Count(share => share.Bytes > 0 || share == asking);
        var isManyFiles = _entries.Count >= maxFiles;
        DiskEntry? victim = null;
        foreach (var share in _shares.Values)
        {
            var hasMore = isManyFiles
                ? share.Count + (share == asking ? 1 : 0) > maxFiles / parts
                : share.Bytes + (share == asking ? bytes : 0) > maxBytes / parts;
            if (share.Oldest is { } oldest && (hasMore || time.GetElapsedTime(oldest.UsedAt) > Protection)
                && (victim is null || oldest.UsedAt < victim.UsedAt))
            {
                victim = oldest;
            }
        }

        return victim;
    }

    private DiskShare ShareOf(string name)
    {
        if (!_shares.TryGetValue(name, out var share))
        {
            _shares[name] = share = new DiskShare();
        }

        return share;
    }
}
