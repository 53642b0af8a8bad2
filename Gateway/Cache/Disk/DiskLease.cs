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

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            file.Dispose();
            store.Close(entry);
        }
    }
}
