using System.Security.Cryptography;
using System.Text;

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

/// <summary>What one tenant has brought into the cache, in the order of its last use.</summary>
internal sealed class DiskShare
{
    private readonly LinkedList<DiskEntry> _byUse = new();

    /// <summary>How many files.</summary>
    public int Count => _byUse.Count;

    /// <summary>Of the files, and of what is set aside for those being written.</summary>
    public long Bytes { get; private set; }

    /// <summary>The entry that was not used for longest and that nobody reads; <c>null</c> when there is none.</summary>
    public DiskEntry? Oldest
    {
        get
        {
            for (var node = _byUse.First; node is not null; node = node.Next)
            {
                if (node.Value.Readers == 0)
                {
                    return node.Value;
                }
            }

            return null;
        }
    }

    public LinkedListNode<DiskEntry> Add(DiskEntry entry)
    {
        Bytes += entry.Size;
        return _byUse.AddLast(entry);
    }

    public void Remove(LinkedListNode<DiskEntry> node)
    {
        Bytes -= node.Value.Size;
        _byUse.Remove(node);
    }

    public void Use(LinkedListNode<DiskEntry> node)
    {
        _byUse.Remove(node);
        _byUse.AddLast(node);
    }

    /// <summary>Sets room aside, or gives it back.</summary>
    public void Reserve(long bytes) => Bytes += bytes;
}

/// <summary>One file of the cache.</summary>
internal sealed class DiskEntry(string name, string owner, long size, long usedAt)
{
    public string Name => name;

    /// <summary>Whose folder it lies in: see <see cref="Supplier.Owner"/>.</summary>
    public string Owner => owner;

    /// <summary>Whose share it counts against: see <see cref="DiskShare"/>.</summary>
    public string Share { get; } = Supplier.ShareOf(owner);

    /// <summary>In bytes.</summary>
    public long Size => size;

    /// <summary>When it was last opened or written, as a timestamp of this process.</summary>
    public long UsedAt { get; set; } = usedAt;

    /// <summary>Readers that have it open; it is not evicted under them.</summary>
    public int Readers { get; set; }

    /// <summary>
    /// When its bytes were last found to be what the name says, and what the file looked like then; <c>null</c> for those that an earlier
    /// process left.
    /// </summary>
    public DiskCheck? Check { get; set; }
}

/// <summary>That a file was right.</summary>
internal sealed record DiskCheck(FileStamp Stamp, long At);

/// <summary>Who sent bytes into the cache: an upstream, as one tenant uses it.</summary>
/// <param name="Tenant">The tenant, whose share of the disk the bytes count against.</param>
/// <param name="Upstream">The upstream with its address and account (<see cref="Tenants.Upstream.Identity"/>).</param>
internal readonly record struct Supplier(string Tenant, string Upstream)
{
    private const char Separator = '-';

    /// <summary>The folder of its files: <c>SHARE-UPSTREAM</c>, hashes both.</summary>
    public string Owner => $"{Hash(Tenant)}{Separator}{Hash(Upstream)}";

    /// <summary>The share of the disk that a folder counts against: its tenant's.</summary>
    public static string ShareOf(string owner) => owner.IndexOf(Separator) is var end and >= 0 ? owner[..end] : owner;

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}
