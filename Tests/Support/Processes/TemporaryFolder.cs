namespace RegistryProxy.Tests.Support.Processes;

/// <summary>A folder that goes away with its owner.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private static readonly string Memory = Directory.Exists("/dev/shm") ? "/dev/shm" : System.IO.Path.GetTempPath();

    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("registryproxy-").FullName;

    private TemporaryFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>One in memory, where there is such a place: for what waits for the disk after each of many changes.</summary>
    public static TemporaryFolder InMemory() =>
        new(Directory.CreateDirectory(System.IO.Path.Combine(Memory, $"registryproxy-{Guid.NewGuid():N}")).FullName);

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Container engines leave mounts behind for a moment; the system clears its temporary folder.
        }
    }
}
