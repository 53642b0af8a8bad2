using Microsoft.Win32.SafeHandles;

namespace RegistryProxy.Gateway.Cache.Disk;

/// <summary>
/// The folders of the cache: files with a name in <c>objects/OWNER/xx/</c>, those being written in <c>partial/</c>, and <c>lock</c>, which
/// keeps a second process out.
/// </summary>
internal sealed class DiskFolder(string root) : IDisposable
{
    private const int ProbeBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private SafeFileHandle? _lock;
    private bool _isTaken;

    public string Root => root;

    private string Objects => Path.Combine(root, "objects");

    private string Partial => Path.Combine(root, "partial");

    public string PathOf(string owner, string name) => Path.Combine(Objects, owner, name[..2], name);

    /// <summary>
    /// Makes what is missing and, the first time, takes the folder: files that were being written when the last process ended go. May be
    /// repeated.
    /// </summary>
    /// <param name="first">Is done when all is there, until it was done once without a fault.</param>
    /// <exception cref="IOException">The disk refuses, or the folder is another process's.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public void Prepare(Action first)
    {
        lock (_gate)
        {
            Directory.CreateDirectory(root);
            _lock ??= Take();
            Directory.CreateDirectory(Objects);
            Directory.CreateDirectory(Partial);
            if (!_isTaken)
            {
                first();
                _isTaken = true;
            }
        }
    }

    /// <summary>What is free on its disk, in bytes; <c>null</c> when that cannot be said.</summary>
    public long? Free
    {
        get
        {
            try
            {
                return new DriveInfo(Path.GetFullPath(root)).AvailableFreeSpace;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>A file of no name yet.</summary>
    public (string Path, SafeFileHandle File) CreatePartial()
    {
        var path = Path.Combine(Partial, Guid.NewGuid().ToString("N"));
        return (path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));
    }

    /// <summary>Whether the disk takes bytes.</summary>
    /// <exception cref="IOException">It does not.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Probe()
    {
        var (path, file) = CreatePartial();
        try
        {
            using (file)
            {
                RandomAccess.Write(file, new byte[ProbeBytes], 0);
                RandomAccess.FlushToDisk(file);
            }
        }
        finally
        {
            Delete(path);
        }
    }

    /// <summary>
    /// The files that an earlier process left, those first that were not read for longest. What cannot be looked at is left out.
    /// </summary>
    public IReadOnlyList<(string Owner, string Name, long Size)> Left()
    {
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint
        };
        List<(string Owner, string Name, long Size, DateTime Read)> files = [];
        foreach (var file in new DirectoryInfo(Objects).EnumerateFiles("*", options))
        {
            try
            {
                if (file.Directory?.Parent is { } owner && owner.Parent?.FullName == Path.GetFullPath(Objects))
                {
                    files.Add((owner.Name, file.Name, file.Length, file.LastAccessTimeUtc));
                }
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // It went while it was looked at.
            }
        }

        return [.. files.OrderBy(file => file.Read).Select(file => (file.Owner, file.Name, file.Size))];
    }

    public void Dispose() => _lock?.Dispose();

    public static void Delete(string path)
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

    private SafeFileHandle Take()
    {
        var path = Path.Combine(root, "lock");
        if (!File.Exists(path))
        {
            File.Create(path).Dispose();
        }

        SafeFileHandle taken;
        try
        {
            // Opened for reading: it does not keep the disk from being made read-only, and what is on such a disk is served.
            taken = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.None);
        }
        catch (IOException fault) when (File.Exists(path))
        {
            throw new IOException("another process uses this folder; give every gateway a cache.path of its own", fault);
        }

        Clear();
        return taken;
    }

    private void Clear()
    {
        try
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            if (Directory.Exists(Partial))
            {
                Directory.Delete(Partial, recursive: true);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The disk may only be read now: nothing is written, and what is left there has no name and is never served.
        }
    }
}

/// <summary>Whether the disk takes bytes: after a failure it is left alone for some seconds at a time.</summary>
internal sealed partial class DiskHealth(string path, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(3);

    private long _retryAt;
    private long _needed;
    private bool _failing;

    /// <summary>Whether the disk could not be written the last time.</summary>
    public bool IsFailing => Volatile.Read(ref _failing);

    /// <summary>How much did not fit, in bytes, when the disk was full; 0 after another failure.</summary>
    public long Needed => Interlocked.Read(ref _needed);

    public bool IsTimeToRetry => time.GetTimestamp() >= Volatile.Read(ref _retryAt);

    /// <param name="fault">Why.</param>
    /// <param name="needed">How large the whole is of which it took no more, in bytes.</param>
    public void Failed(Exception fault, long needed)
    {
        Interlocked.Exchange(ref _needed, IsFull(fault) ? needed : 0);
        Volatile.Write(ref _retryAt, time.GetTimestamp() + (long)(RetryAfter.TotalSeconds * time.TimestampFrequency));
        if (!Interlocked.Exchange(ref _failing, true))
        {
            LogFailing(path, fault.Message);
        }
    }

    public void Succeeded()
    {
        if (Interlocked.Exchange(ref _failing, false))
        {
            LogRecovered(path);
        }
    }

    /// <summary>ENOSPC and EDQUOT, as Linux numbers them.</summary>
    private static bool IsFull(Exception fault) => fault is IOException { HResult: 28 or 122 };

    [LoggerMessage(Level = LogLevel.Error,
        Message = "The cache in {Path} cannot be written and is bypassed; retrying every few seconds: {Cause}")]
    private partial void LogFailing(string path, string cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "The cache in {Path} works again")]
    private partial void LogRecovered(string path);
}

/// <summary>
/// Works on the disk on threads of its own: it may take long for all of a blob, and those of the pool serve requests.
/// </summary>
internal static class DiskWork
{
    /// <summary>How many are waited for at once.</summary>
    private const int MaxAtOnce = 16;

    private static readonly SemaphoreSlim Turns = new(MaxAtOnce);

    /// <summary>Does what may take long.</summary>
    public static async Task<T> Run<T>(Func<T> work)
    {
        await Turns.WaitAsync();
        try
        {
            return await OnThread(work);
        }
        finally
        {
            Turns.Release();
        }
    }

    /// <summary>The same for who counts by himself how many there are.</summary>
    public static async Task<T> OnThread<T>(Func<T> work) => await Task.Factory.StartNew(
        work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
