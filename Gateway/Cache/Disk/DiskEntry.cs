namespace RegistryProxy.Gateway.Cache.Disk;

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
