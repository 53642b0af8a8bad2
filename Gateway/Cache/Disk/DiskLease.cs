using Microsoft.Win32.SafeHandles;

namespace RegistryProxy.Gateway.Cache.Disk;

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
