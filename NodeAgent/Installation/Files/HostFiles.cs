using RegistryProxy.Files;

namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>
/// The files of a node below the folder where it is seen from here. Links are followed and stay links. A change that the node does not
/// permit (an immutable or append-only file, SELinux) is an <see cref="IOException"/> like every other failure of its files.
/// </summary>
/// <param name="root">That folder.</param>
/// <param name="step">Is told before every change of the disk what it will be; a test ends the world there.</param>
internal sealed class HostFiles(string root, Action<string>? step = null)
{
    /// <summary>The largest file that is read; bytes.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const UnixFileMode Folder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly string _root = HostPath.Root(root);
    private readonly UnsettledFolders _unsettled = new();

    private IReadOnlyDictionary<string, byte[]?> _planned = new Dictionary<string, byte[]?>();

    public string Root => _root;

    /// <summary>The same node as it will be with these files, or without those that have no bytes; it is only read.</summary>
    public HostFiles With(IEnumerable<KeyValuePair<string, byte[]?>> planned) =>
        new(_root) { _planned = planned.GroupBy(file => At(file.Key)).ToDictionary(file => file.Key, file => file.Last().Value) };

    /// <summary>Where a path of the node is from here.</summary>
    public string At(string path) => HostPath.Resolve(_root, path);

    /// <summary>Where a link of the node itself is from here.</summary>
    public string AtLink(string path) => HostPath.Resolve(_root, path, last: false);

    public bool Exists(string path) => _planned.TryGetValue(At(path), out var planned) ? planned is not null : Path.Exists(At(path));

    public bool IsFolder(string path) => Directory.Exists(At(path));

    /// <summary>The bytes of a file; <c>null</c> when there is none.</summary>
    public byte[]? Bytes(string path) => _planned.TryGetValue(At(path), out var planned) ? planned
        : File.Exists(At(path)) ? BoundedFile.Read(At(path), MaxBytes) : null;

    /// <summary>The text of a file; <c>null</c> when there is none.</summary>
    public string? Read(string path) => Bytes(path) is { } bytes ? FileText.Of(bytes).Text : null;

    /// <summary>The files of a folder whose names a <see cref="FileGlob"/> means, as paths of the node, by name.</summary>
    public IEnumerable<string> List(string folder, string pattern) => (Directory.Exists(At(folder))
            ? Directory.EnumerateFiles(At(folder)).Select(file => $"{folder.TrimEnd('/')}/{Path.GetFileName(file)}")
            : [])
        .Union(Planned(folder).Where(path => Path.GetDirectoryName(path) == folder.TrimEnd('/')))
        .Where(path => FileGlob.Matches(pattern, Path.GetFileName(path)) && IsNotPlannedAway(path)).Order(StringComparer.Ordinal);

    /// <summary>
    /// The files of a folder and of the folders in it, in the order in which Go's <c>WalkDir</c> comes by; no link is followed.
    /// </summary>
    public IEnumerable<string> Walk(string folder, string extension) => WalkDisk(folder, extension)
        .Union(Planned(folder).Where(path => Path.GetExtension(path) == extension)).Where(IsNotPlannedAway)
        .OrderBy(path => path.Replace('/', '\0'), StringComparer.Ordinal);

    private IEnumerable<string> Planned(string folder) => At(folder) is var place
        ? _planned.Keys.Where(path => path.StartsWith($"{place}/", StringComparison.Ordinal))
            .Select(path => $"{folder.TrimEnd('/')}{path[place.Length..]}")
        : [];

    private bool IsNotPlannedAway(string path) => !_planned.TryGetValue(At(path), out var planned) || planned is not null;

    /// <summary>Whether two paths are one file, through links and however they are written.</summary>
    public bool AreOne(string one, string other) => one == other || At(one) == At(other);

    private IEnumerable<string> WalkDisk(string folder, string extension) => !Directory.Exists(At(folder)) ? []
        : new DirectoryInfo(At(folder)).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .SelectMany(entry => $"{folder.TrimEnd('/')}/{entry.Name}" is var path && entry is DirectoryInfo { LinkTarget: null }
                ? WalkDisk(path, extension)
                : entry is FileInfo && Path.GetExtension(entry.Name) == extension ? [path] : Enumerable.Empty<string>());

    /// <summary>The folders above a path that are not there yet, the outermost first.</summary>
    public IEnumerable<string> MissingFolders(string path)
    {
        List<string> missing = [];
        for (var folder = Path.GetDirectoryName(path); folder is { Length: > 1 } && !Exists(folder); folder = Path.GetDirectoryName(folder))
        {
            missing.Insert(0, folder);
        }

        return missing;
    }

    public UnixFileMode Mode(string path) => File.GetUnixFileMode(At(path));

    /// <summary>Writes a whole file at once, with its mode; a file that is replaced keeps its owner and its labels.</summary>
    public void Write(string path, byte[] bytes, UnixFileMode mode) => Changing(path, () =>
    {
        if (TakeFormer(path, bytes, mode))
        {
            return;
        }

        var (place, temporary) = Begin(path);
        WholeOrNot(temporary, () =>
        {
            using var file = new FileStream(
                temporary,
                new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        });

        if (File.Exists(place))
        {
            FileStatus.CopyOwner(place, temporary);
        }

        File.SetUnixFileMode(temporary, mode);
        Step($"rename {path}", place);
        File.Move(temporary, place, overwrite: true);
    });

    /// <summary>
    /// Makes the disk keep every change until now, before a change that needs it: whichever moment the power fails at, nothing names what
    /// is not there.
    /// </summary>
    public void Settle() => _unsettled.Settle();

    /// <summary>Copies a program, whole files only: a running one is replaced, not changed.</summary>
    public void CopyProgram(string from, string to, bool keepFormer) => Changing(to, () =>
    {
        var (place, temporary) = Begin(to);
        WholeOrNot(temporary, () =>
        {
            File.Copy(from, temporary, overwrite: true);
            FileStatus.Settle(temporary);
        });
        File.SetUnixFileMode(temporary, Folder);
        if (keepFormer && File.Exists(place) && !File.Exists(HiddenName.Former(place)))
        {
            Step($"keep {to}", place);
            FileStatus.TryAlias(place, HiddenName.Former(place));
        }

        Step($"rename {to}", place);
        File.Move(temporary, place, overwrite: true);
    });

    /// <summary>Keeps a file under a second name, in case it has to come back.</summary>
    public void KeepFormer(string path) => Changing(path, () =>
    {
        if (File.Exists(At(path)))
        {
            RefuseDevice(path);
            Step($"keep {path}", At(path));
            File.Delete(HiddenName.Former(At(path)));
            FileStatus.TryAlias(At(path), HiddenName.Former(At(path)));
        }
    });

    /// <summary>Puts the program back that was replaced.</summary>
    public void RestoreProgram(string path) => Changing(path, () =>
    {
        if (File.Exists(HiddenName.Former(At(path))))
        {
            Step($"restore {path}", At(path));
            File.Move(HiddenName.Former(At(path)), At(path), overwrite: true);
        }
    });

    /// <summary>A relative link: it leads to the same file from the node and from here.</summary>
    public void Link(string path, string target) => Changing(path, () =>
    {
        var place = AtLink(path);
        _unsettled.Make(Path.GetDirectoryName(place)!, Folder);
        Step($"link {path}", place);
        File.Delete(HiddenName.Unfinished(place));
        File.CreateSymbolicLink(HiddenName.Unfinished(place), Path.GetRelativePath(Path.GetDirectoryName(place)!, AtLink(target)));
        File.Move(HiddenName.Unfinished(place), place, overwrite: true);
    });

    /// <summary>Where a link leads, as a path from here; <c>null</c> when there is none.</summary>
    public string? LinkTarget(string path) => new FileInfo(AtLink(path)).LinkTarget is { } target
        ? Path.GetFullPath(target.StartsWith('/') ? Path.Join(_root, target) : target, Path.GetDirectoryName(AtLink(path))!)
        : null;

    /// <summary>Deletes a file, a link or a folder; nothing when there is none.</summary>
    public void Delete(string path) => Changing(path, () =>
    {
        var place = AtLink(path);
        if (new FileInfo(place).LinkTarget is null && Directory.Exists(place))
        {
            Step($"delete {path}", place);
            Directory.Delete(place, recursive: true);
        }
        else if (Path.Exists(place) || new FileInfo(place).LinkTarget is not null)
        {
            Step($"delete {path}", place);
            File.Delete(place);
        }
    });

    /// <summary>Deletes a file at the end of links; they stay.</summary>
    public void DeleteFile(string path) => Changing(path, () =>
    {
        if (File.Exists(At(path)))
        {
            RefuseDevice(path);
            Step($"delete {path}", At(path));
            File.Delete(At(path));
        }
    });

    /// <summary>Deletes what an end in the middle of a write left, and what was kept for a way back.</summary>
    public void DeleteUnfinished(string path) => Changing(path, () =>
    {
        foreach (var file in HiddenName.All(At(path)).Where(File.Exists))
        {
            Step($"delete unfinished {path}", file);
            File.Delete(file);
        }
    });

    /// <summary>Deletes a folder that nothing is in; not one that a link leads to, or on which something is mounted.</summary>
    public void DeleteEmpty(string folder) => Changing(folder, () =>
    {
        var place = AtLink(folder);
        if (new DirectoryInfo(place) is { Exists: true, LinkTarget: null } && !FileStatus.IsMountPoint(place)
            && !Directory.EnumerateFileSystemEntries(place).Any())
        {
            Step($"delete {folder}", place);
            Directory.Delete(place);
        }
    });

    /// <summary>A name of a folder is about to change.</summary>
    private void Step(string what, string place)
    {
        step?.Invoke(what);
        _unsettled.Add(place);
    }

    private static void Changing(string path, Action change)
    {
        try
        {
            change();
        }
        catch (UnauthorizedAccessException fault)
        {
            throw new IOException($"{path} cannot be changed: the node does not permit it (lsattr, SELinux): {fault.Message}", fault);
        }
    }

    /// <summary>Whether the file that was kept is the one to be, and is in its place again.</summary>
    private bool TakeFormer(string path, byte[] bytes, UnixFileMode mode)
    {
        var former = HiddenName.Former(At(path));
        if (!File.Exists(former) || File.GetUnixFileMode(former) != mode || new FileInfo(former).Length != bytes.Length
            || !BoundedFile.Read(former, MaxBytes).AsSpan().SequenceEqual(bytes))
        {
            return false;
        }

        Step($"restore {path}", At(path));
        File.Move(former, At(path), overwrite: true);
        return true;
    }

    /// <summary>Half a file is room that somebody on a full disk needs.</summary>
    private static void WholeOrNot(string temporary, Action write)
    {
        try
        {
            write();
        }
        catch (IOException)
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>What is replaced, kept or deleted through links is a file: never the <c>/dev/null</c> of the node.</summary>
    private void RefuseDevice(string path)
    {
        if (Preflight.WhyNoFile(this, path) is { } reason)
        {
            throw new IOException(reason);
        }
    }

    private (string Place, string Temporary) Begin(string path)
    {
        RefuseDevice(path);
        var place = At(path);
        Step($"write {path}", place);
        _unsettled.Make(Path.GetDirectoryName(place)!, Folder);
        File.Delete(HiddenName.Unfinished(place));
        return (place, HiddenName.Unfinished(place));
    }
}
