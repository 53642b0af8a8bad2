namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>Folders in which names changed that the disk need not know yet (rename(2) is whole, and not lasting before fsync(2)).</summary>
internal sealed class UnsettledFolders
{
    private readonly HashSet<string> _folders = [];

    /// <summary>A name is about to change.</summary>
    public void Add(string path) => _folders.Add(Path.GetDirectoryName(path)!);

    /// <summary>Makes a folder with those above it.</summary>
    public void Make(string folder, UnixFileMode mode)
    {
        for (var missing = folder; !Directory.Exists(missing); missing = Path.GetDirectoryName(missing)!)
        {
            Add(missing);
        }

        Directory.CreateDirectory(folder, mode);
    }

    /// <summary>Has the disk take them all.</summary>
    public void Settle()
    {
        foreach (var folder in _folders)
        {
            FileStatus.Settle(folder);
        }

        _folders.Clear();
    }
}
