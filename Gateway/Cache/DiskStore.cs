namespace RegistryProxy.Gateway.Cache;

/// <summary>
/// The files of the cache, named by content. A file gets its name by a rename, when its bytes are known to be right and on the disk: whatever
/// happens before leaves a nameless file, which the next start deletes. A disk that cannot be written is left alone for some seconds at a
/// time, and everything is streamed meanwhile.
/// </summary>
internal sealed partial class DiskStore
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(3);

    private readonly Lock _gate = new();
    private readonly DiskIndex _index;
    private readonly string _root;
    private readonly CacheMeter _meter;
    private readonly TimeProvider _time;
    private readonly ILogger<DiskStore> _logger;
    private long _retryAt;
    private bool _failing;

    public DiskStore(GatewayOptions options, CacheMeter meter, TimeProvider time, ILogger<DiskStore> logger)
    {
        (_meter, _time, _logger) = (meter, time, logger);
        MaxBytes = options.Cache?.MaxBytes ?? 0;
        IsEnabled = options.Cache is not null;
        _root = options.Cache?.Path ?? "";
        _index = new DiskIndex(MaxBytes);
        if (IsEnabled)
        {
            Load();
        }
    }

    public bool IsEnabled { get; }

    public long MaxBytes { get; }

    /// <summary>Whether the disk could not be written the last time.</summary>
    public bool IsFailing => Volatile.Read(ref _failing);

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

    public bool Has(string name)
    {
        lock (_gate)
        {
            return _index.Has(name);
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

        try
        {
            var file = File.OpenHandle(PathOf(name), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var lease = new DiskLease(this, entry, file);
            if (RandomAccess.GetLength(file) == entry.Size)
            {
                return lease;
            }

            lease.Dispose();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Close(entry);
        }

        Remove(name);
        return null;
    }

    /// <summary>Forgets and deletes a file.</summary>
    public void Remove(string name)
    {
        lock (_gate)
        {
            _index.Remove(name);
        }

        Delete(PathOf(name));
    }

    /// <summary>Begins a file of a size; <c>null</c> when it does not fit or the disk cannot be written.</summary>
    public PartialFile? Begin(long size)
    {
        if (IsFailing && _time.GetTimestamp() < Volatile.Read(ref _retryAt))
        {
            return null;
        }

        List<string>? leaving;
        lock (_gate)
        {
            leaving = _index.Reserve(size);
        }

        if (leaving is null)
        {
            return null;
        }

        leaving.ForEach(name => Delete(PathOf(name)));
        _meter.Evicted(leaving.Count);
        try
        {
            var path = Path.Combine(_root, "partial", Guid.NewGuid().ToString("N"));
            return new PartialFile(this, path, size, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Release(size);
            Failed(fault);
            return null;
        }
    }

    /// <summary>The disk refused a write.</summary>
    public void Failed(Exception fault)
    {
        Volatile.Write(ref _retryAt, _time.GetTimestamp() + (long)(RetryAfter.TotalSeconds * _time.TimestampFrequency));
        if (!Interlocked.Exchange(ref _failing, true))
        {
            LogFailing(_root, fault.Message);
        }
    }

    internal void Close(DiskEntry entry)
    {
        lock (_gate)
        {
            entry.Readers--;
        }
    }

    internal void Keep(PartialFile partial, string name)
    {
        var path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Move(partial.Path, path, overwrite: true);
        lock (_gate)
        {
            _index.Release(partial.Size);
            _index.Add(new DiskEntry(name, partial.Size, isVerified: true));
        }

        if (Interlocked.Exchange(ref _failing, false))
        {
            LogRecovered(_root);
        }
    }

    internal void Drop(PartialFile partial)
    {
        Release(partial.Size);
        Delete(partial.Path);
    }

    private void Release(long size)
    {
        lock (_gate)
        {
            _index.Release(size);
        }
    }

    private string PathOf(string name) => Path.Combine(_root, "objects", name[..2], name);

    private void Load()
    {
        try
        {
            Directory.CreateDirectory(_root);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(_root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            var partial = Path.Combine(_root, "partial");
            if (Directory.Exists(partial))
            {
                Directory.Delete(partial, recursive: true);
            }

            Directory.CreateDirectory(partial);
            foreach (var file in Directory.CreateDirectory(Path.Combine(_root, "objects")).EnumerateFiles("*", SearchOption.AllDirectories)
                .Where(file => file.LinkTarget is null).OrderBy(file => file.LastAccessTimeUtc))
            {
                _index.Add(new DiskEntry(file.Name, file.Length, isVerified: false));
            }

            if (_index.Reserve(0) is { } leaving)
            {
                leaving.ForEach(name => Delete(PathOf(name)));
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Failed(fault);
        }
    }

    private static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It is not served any more; the next start finds it again.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The cache in {Path} cannot be written and is bypassed; it is tried again every few seconds: {Cause}")]
    private partial void LogFailing(string path, string cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "The cache in {Path} is used again")]
    private partial void LogRecovered(string path);
}
