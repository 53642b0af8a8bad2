using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Options;

namespace RegistryProxy.Gateway.Cache.Disk;

/// <summary>
/// The files of the cache, named by content. A file gets its name by a rename, when its bytes are known to be right and on the disk:
/// whatever happens before leaves a nameless file, which the next start deletes. A disk that cannot be written is left alone for some
/// seconds at a time, and everything is streamed meanwhile.
/// </summary>
internal sealed class DiskStore : IDisposable
{
    /// <summary>What must be free on a disk that was full before it is well again, in bytes, unless less did not fit.</summary>
    private const long WellAt = 64 * 1024 * 1024;

    private readonly Lock _gate = new();

    /// <summary>Held while a file gets or loses its name; taken before the gate.</summary>
    private readonly Lock _names = new();
    private readonly DiskIndex _index;
    private readonly DiskFolder _folder;
    private readonly CacheMeter _meter;
    private readonly TimeProvider _time;
    private readonly DiskHealth _health;

    public DiskStore(GatewayOptions options, CacheMeter meter, TimeProvider time, ILogger<DiskStore> logger)
    {
        (_meter, _time) = (meter, time);
        MaxBytes = options.Cache?.MaxBytes ?? 0;
        IsEnabled = options.Cache is not null;
        _folder = new DiskFolder(options.Cache?.Path ?? "");
        _health = new DiskHealth(_folder.Root, time, logger);
        _index = new DiskIndex(MaxBytes, time);
        if (IsEnabled)
        {
            meter.Watch(() => IsFailing, () => Use);
            TryPrepare();
        }
    }

    public bool IsEnabled { get; }

    public long MaxBytes { get; }

    /// <summary>The largest file that is kept, in bytes: half of all.</summary>
    public long MaxObjectBytes => MaxBytes / 2;

    /// <summary>Whether the disk could not be written the last time.</summary>
    public bool IsFailing => _health.IsFailing;

    /// <summary>Whether it is worth trying to write.</summary>
    public bool IsWritable => !_health.IsFailing || _health.IsTimeToRetry;

    /// <summary>How many files there are, and what they add up to in bytes.</summary>
    public (int Count, long Bytes) Use
    {
        get
        {
            lock (_gate)
            {
                return (_index.Count, _index.Bytes);
            }
        }
    }

    public string? OwnerOf(string name)
    {
        lock (_gate)
        {
            return _index.OwnerOf(name);
        }
    }

    /// <summary>Opens a file; <c>null</c> when it is not there.</summary>
    public DiskLease? Open(string name)
    {
        DiskEntry? entry;
        lock (_gate)
        {
            entry = _index.Use(name);
            if (entry is null)
            {
                return null;
            }

            entry.Readers++;
        }

        if (DiskLease.TryOpen(this, entry, PathOf(entry), out var isGone) is { } lease)
        {
            return lease;
        }

        Close(entry);
        if (isGone)
        {
            Remove(entry);
        }

        return null;
    }

    /// <summary>Forgets and deletes a file.</summary>
    public void Remove(DiskEntry entry)
    {
        lock (_gate)
        {
            // It may have gone, and another file have its name by now.
            if (_index.Use(entry.Name) != entry)
            {
                return;
            }

            _index.Remove(entry.Name);
        }

        Delete(entry);
    }

    /// <summary>Deletes what was forgotten, unless another file has got its name since.</summary>
    private void Delete(DiskEntry entry)
    {
        lock (_names)
        {
            if (OwnerOf(entry.Name) != entry.Owner)
            {
                DiskFolder.Delete(PathOf(entry));
            }
        }
    }

    /// <summary>Begins a file of a size that an upstream sends; <c>null</c> when it does not fit or the disk cannot be written.</summary>
    public PartialFile? Begin(in Supplier supplier, long size)
    {
        if (size > MaxObjectBytes || !IsWritable || (IsFailing && !(HasRoom(size) && TryPrepare())))
        {
            return null;
        }

        var owner = supplier.Owner;
        PartialFile? partial = null;
        try
        {
            var (path, file) = _folder.CreatePartial();
            partial = new PartialFile(this, owner, path, size, file);
            if (partial.MakeRoom(0))
            {
                return partial;
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Failed(fault, size);
        }

        partial?.Dispose();
        return null;
    }

    /// <summary>The disk refused a write.</summary>
    /// <param name="fault">Why.</param>
    /// <param name="size">Of what was to be kept, in bytes. A full disk takes what fits, and works again when much fits.</param>
    public void Failed(Exception fault, long size = 0) => _health.Failed(fault, size);

    /// <summary>Looks whether a disk that failed takes bytes again; to be called every now and then.</summary>
    public void Recover()
    {
        if (!IsFailing || !_health.IsTimeToRetry || !HasRoom(WellAt) || !TryPrepare())
        {
            return;
        }

        try
        {
            _folder.Probe();
            _health.Succeeded();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Failed(fault);
        }
    }

    /// <summary>Whether a disk that was full would take some bytes, or what it did not take.</summary>
    private bool HasRoom(long bytes) =>
        _health.Needed is var needed && (needed == 0 || _folder.Free is not { } free || free >= Math.Min(bytes, needed));

    /// <summary>Lets another process have the folder.</summary>
    public void Dispose() => _folder.Dispose();

    internal void Close(DiskEntry entry)
    {
        lock (_gate)
        {
            entry.Readers--;
        }
    }

    /// <summary>Sets room aside for a file that is being written; <c>false</c> when there is none.</summary>
    internal bool Reserve(string owner, long bytes)
    {
        List<DiskEntry> leaving = [];
        bool fits;
        lock (_gate)
        {
            fits = _index.Reserve(owner, bytes, leaving);
        }

        leaving.ForEach(Delete);
        _meter.Evicted(leaving.Count);
        return fits;
    }

    /// <summary>Gives a file its name. It is open, so that it is not evicted before its entry is closed.</summary>
    internal DiskEntry Keep(PartialFile partial, string name)
    {
        var stamp = FileStamp.Of(partial.File);
        var path = _folder.PathOf(partial.Owner, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        DiskEntry? before;
        DiskEntry kept;
        lock (_names)
        {
            File.Move(partial.Path, path, overwrite: true);
            lock (_gate)
            {
                before = _index.Remove(name);
                _index.Release(partial.Owner, partial.Reserved);
                kept = _index.Add(name, partial.Owner, partial.Size);
                (kept.Check, kept.Readers) = (new DiskCheck(stamp, _time.GetTimestamp()), 1);
            }
        }

        if (before is not null)
        {
            Delete(before);
        }

        if (!IsFailing || HasRoom(WellAt))
        {
            _health.Succeeded();
        }

        return kept;
    }

    internal void Drop(PartialFile partial)
    {
        lock (_gate)
        {
            _index.Release(partial.Owner, partial.Reserved);
        }

        DiskFolder.Delete(partial.Path);
    }

    private string PathOf(DiskEntry entry) => _folder.PathOf(entry.Owner, entry.Name);

    private bool TryPrepare()
    {
        try
        {
            _folder.Prepare(Load);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Failed(fault);
            return false;
        }
    }

    private void Load()
    {
        var left = _folder.Left();
        lock (_gate)
        {
            foreach (var (owner, name, size) in left)
            {
                _index.Remove(name);
                _index.Add(name, owner, size);
            }
        }

        Reserve("", 0);
    }
}
