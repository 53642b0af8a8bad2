using Microsoft.Win32.SafeHandles;

namespace RegistryProxy.Gateway.Cache.Disk;

/// <summary>
/// A file that is being written and has no name in the cache yet. What is not kept is deleted. Room is made in steps, as the bytes come: a
/// length that an upstream says empties nothing.
/// </summary>
internal sealed class PartialFile(DiskStore store, string owner, string path, long size, SafeFileHandle file) : IDisposable
{
    private const long StepBytes = 4 * 1024 * 1024;

    private int _ended;
    private DiskEntry? _kept;

    public string Path => path;

    public string Owner => owner;

    public long Size => size;

    /// <summary>Bytes that are set aside for it.</summary>
    public long Reserved { get; private set; }

    public SafeFileHandle File => file;

    /// <summary>Makes room for what is written up to an offset, and some more; <c>false</c> when there is none.</summary>
    public bool MakeRoom(long end)
    {
        while (Reserved < Math.Min(size, end + 1))
        {
            var step = Math.Min(StepBytes, size - Reserved);
            if (!store.Reserve(owner, step))
            {
                return false;
            }

            Reserved += step;
        }

        return true;
    }

    /// <summary>Has the bytes written to the disk.</summary>
    /// <exception cref="IOException">The disk does not take them.</exception>
    public void Flush() => RandomAccess.FlushToDisk(file);

    /// <summary>
    /// Gives it its name, after the bytes were found to be what the name says and are on the disk. It stays until this is disposed of.
    /// </summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Keep(string name)
    {
        _kept = store.Keep(this, name);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
        {
            return;
        }

        if (_kept is null)
        {
            store.Drop(this);
        }

        file.Dispose();
        if (_kept is not null)
        {
            store.Close(_kept);
        }
    }
}

/// <summary>A file of the cache that is being read; it stays until this is disposed.</summary>
internal sealed class DiskLease(DiskStore store, DiskEntry entry, SafeFileHandle file, FileStamp stamp) : IDisposable
{
    private int _disposed;

    public DiskEntry Entry => entry;

    public SafeFileHandle File => file;

    /// <summary>What it looked like when it was opened.</summary>
    public FileStamp Stamp => stamp;

    public long Size => entry.Size;

    /// <summary>Opens a file; <c>null</c> when that is not possible.</summary>
    /// <param name="store">Where it is counted as open.</param>
    /// <param name="entry">Which.</param>
    /// <param name="path">Where it lies.</param>
    /// <param name="isGone">Whether it is not there, or is another.</param>
    public static DiskLease? TryOpen(DiskStore store, DiskEntry entry, string path, out bool isGone)
    {
        try
        {
            var file = System.IO.File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
            var stamp = FileStamp.Of(file);
            isGone = stamp.Length != entry.Size;
            if (!isGone)
            {
                return new DiskLease(store, entry, file, stamp);
            }

            file.Dispose();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // What cannot be opened now, for want of descriptors perhaps, may be there all the same.
            isGone = fault is FileNotFoundException or DirectoryNotFoundException;
        }

        return null;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            file.Dispose();
            store.Close(entry);
        }
    }
}

/// <summary>What a file looks like from outside: another stamp means that somebody touched it.</summary>
internal readonly record struct FileStamp(long Length, DateTime WrittenAt)
{
    public static FileStamp Of(SafeFileHandle file) => new(RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));
}
