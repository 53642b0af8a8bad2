namespace RegistryProxy.Gateway.Cache.Disk;

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
