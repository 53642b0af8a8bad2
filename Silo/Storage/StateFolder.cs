using RegistryProxy.Configuration;

namespace RegistryProxy.Silo.Storage;

/// <summary>The folder of file state, which one process has to itself while it runs.</summary>
internal sealed class StateFolder : IDisposable
{
    /// <summary>The extension of a file that is being written.</summary>
    public const string Unfinished = ".new";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const string Lock = "lock";

    private readonly string _path;
    private readonly FileStream _lock;

    /// <exception cref="ConfigurationUnusableException">It cannot be written, or another process has it.</exception>
    public StateFolder(string path, string service)
    {
        (_path, Service) = (path, service);
        try
        {
            MakeFolder(path);
            _lock = Open(Path.Combine(path, Lock), FileMode.OpenOrCreate);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationUnusableException(
                "state.file.path",
                $"the folder {path} cannot be used: {fault.Message}; file state is for one process, use redis for several");
        }
    }

    /// <summary>The service whose state it is.</summary>
    public string Service { get; }

    /// <summary>Everything that lies in the place of a record.</summary>
    public IEnumerable<string> Files() =>
        Directory.EnumerateDirectories(_path).Where(folder => Path.GetFileName(folder) is [var high, var low]
        && char.IsAsciiHexDigitLower(high) && char.IsAsciiHexDigitLower(low))
            .SelectMany(folder => Directory.EnumerateFileSystemEntries(folder, $"{Path.GetFileName(folder)}*"));

    /// <summary>Where a record lies; 256 folders keep each of them small.</summary>
    public string PathOf(string name) => Path.Combine(_path, name[..2], name);

    /// <summary>Whether nothing at all lies in the place of a record, nor anything else in the place of its folder.</summary>
    /// <exception cref="IOException">The folder of the state is not there any more: that says nothing about what was in it.</exception>
    /// <exception cref="UnauthorizedAccessException">Nobody can say.</exception>
    public bool IsFree(string path)
    {
        var parent = Path.GetDirectoryName(path)!;
        if (Lies(path) || (Lies(parent) && !Directory.Exists(parent)))
        {
            return false;
        }

        return Lies(Path.Combine(_path, Lock)) ? true : throw new IOException($"the folder {_path} is not there any more");
    }

    /// <summary>Puts a content in the place of a record, as a whole and on the disk, or not at all.</summary>
    public static void Replace(string path, byte[] content)
    {
        MakeFolder(Path.GetDirectoryName(path)!);
        var next = path + Unfinished;
        using (var file = Open(next, FileMode.Create))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
        FolderSync.Flush(Path.GetDirectoryName(path)!);
    }

    /// <summary>Removes a record; when this returns, it stays so after a loss of power.</summary>
    public static void Delete(string path)
    {
        File.Delete(path);
        FolderSync.Flush(Path.GetDirectoryName(path)!);
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>Links that lead nowhere lie there, too.</summary>
    private static bool Lies(string path)
    {
        try
        {
            File.GetAttributes(path);
            return true;
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    private static FileStream Open(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return new FileStream(path, options);
    }
}
