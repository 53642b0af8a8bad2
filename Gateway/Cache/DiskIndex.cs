namespace RegistryProxy.Gateway.Cache;

/// <summary>The files of the cache in the order of their last use, and what they add up to. Not synchronised: <see cref="DiskStore"/> is.</summary>
internal sealed class DiskIndex(long maxBytes)
{
    private readonly Dictionary<string, LinkedListNode<DiskEntry>> _entries = [];
    private readonly LinkedList<DiskEntry> _byUse = new();
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

        _byUse.Remove(node);
        _byUse.AddLast(node);
        return node.Value;
    }

    /// <summary>Whether there is such a file.</summary>
    public bool Has(string name) => _entries.ContainsKey(name);

    public void Add(DiskEntry entry)
    {
        Remove(entry.Name);
        _entries[entry.Name] = _byUse.AddLast(entry);
        Bytes += entry.Size;
    }

    public void Remove(string name)
    {
        if (_entries.Remove(name, out var node))
        {
            _byUse.Remove(node);
            Bytes -= node.Value.Size;
        }
    }

    /// <summary>
    /// Sets room aside for a file to come. The names of files that must go for it, those that were not used for longest; <c>null</c> when
    /// there is not enough room beside those that are being read.
    /// </summary>
    public List<string>? Reserve(long bytes)
    {
        List<string> leaving = [];
        var free = maxBytes - Bytes - _reserved;
        for (var node = _byUse.First; node is not null && free < bytes; node = node.Next)
        {
            if (node.Value.Readers == 0)
            {
                leaving.Add(node.Value.Name);
                free += node.Value.Size;
            }
        }

        if (free < bytes)
        {
            return null;
        }

        leaving.ForEach(Remove);
        _reserved += bytes;
        return leaving;
    }

    /// <summary>The file came, or will not come.</summary>
    public void Release(long bytes) => _reserved -= bytes;
}
