using Microsoft.Win32.SafeHandles;

namespace RegistryProxy.Gateway.Cache;

/// <summary>A file that is being written and has no name in the cache yet. What is not kept is deleted.</summary>
internal sealed class PartialFile(DiskStore store, string path, long size, SafeFileHandle file) : IDisposable
{
    private int _ended;

    public string Path => path;

    public long Size => size;

    public SafeFileHandle File => file;

    /// <summary>Gives it its name, after the bytes were found to be what the name says and are on the disk.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public void Keep(string name)
    {
        RandomAccess.FlushToDisk(file);
        store.Keep(this, name);
        _ended = 1;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            store.Drop(this);
        }

        file.Dispose();
    }
}
