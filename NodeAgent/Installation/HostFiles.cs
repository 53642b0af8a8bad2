using RegistryProxy.Files;

namespace RegistryProxy.NodeAgent.Installation;

/// <summary>The files of a node below the folder where it is seen from here.</summary>
internal sealed class HostFiles(string root)
{
    private const UnixFileMode Folder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public string Root => root;

    /// <summary>Where a path of the node is from here.</summary>
    public string At(string path) => Path.Join(root, path);

    public bool Exists(string path) => Path.Exists(At(path));

    public string? Read(string path) => File.Exists(At(path)) ? BoundedFile.ReadText(At(path)) : null;

    public IEnumerable<string> List(string folder, string pattern) => Directory.Exists(At(folder)) ? Directory.EnumerateFiles(At(folder), pattern).Order() : [];

    /// <summary>Writes a whole file at once, with its mode.</summary>
    public void Write(string path, string text, UnixFileMode mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!, Folder);
        var temporary = $"{At(path)}.registryproxy-new";
        File.Delete(temporary);
        using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
        {
            file.Write(System.Text.Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        File.SetUnixFileMode(temporary, mode);
        File.Move(temporary, At(path), overwrite: true);
    }

    /// <summary>Copies a program, whole files only: a running one is replaced, not changed.</summary>
    public void CopyProgram(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(to))!, Folder);
        File.Copy(from, $"{At(to)}.registryproxy-new", overwrite: true);
        File.SetUnixFileMode($"{At(to)}.registryproxy-new", Folder);
        File.Move($"{At(to)}.registryproxy-new", At(to), overwrite: true);
    }

    /// <summary>A relative link: it leads to the same file from the node and from here.</summary>
    public void Link(string path, string target)
    {
        var folder = Path.GetDirectoryName(At(path))!;
        Directory.CreateDirectory(folder, Folder);
        File.Delete(At(path));
        File.CreateSymbolicLink(At(path), Path.GetRelativePath(folder, At(target)));
    }

    /// <summary>Deletes a file, a link or a folder; nothing when there is none.</summary>
    public void Delete(string path)
    {
        if (Directory.Exists(At(path)) && new DirectoryInfo(At(path)).LinkTarget is null)
        {
            Directory.Delete(At(path), recursive: true);
        }
        else if (Directory.Exists(Path.GetDirectoryName(At(path))))
        {
            File.Delete(At(path));
        }
    }

    public UnixFileMode Mode(string path) => File.GetUnixFileMode(At(path));
}
