using RegistryProxy.Files;

namespace RegistryProxy.Configuration.Reading.Texts;

/// <summary>
/// The files of one entry of <c>include</c>: those that were taken, and whether there are others. For one thread at a time.
/// </summary>
/// <param name="folder">That of the main file.</param>
/// <param name="pattern">The entry.</param>
/// <param name="expand">Finds the files of a pattern below a folder.</param>
internal sealed class IncludedFolder(string folder, string pattern, Func<string, string, FoundFiles> expand)
{
    private readonly WatchedFolders _watched = new();
    private List<string> _seen = [];
    private List<string> _folders = [];
    private List<ClosedFolder> _closed = [];
    private bool _isListed;

    /// <summary>The files that were taken, by absolute path in order.</summary>
    public List<string> Taken { get; private set; } = [];

    /// <summary>
    /// Of what it is not known whether there are others: a path from the folder of the main file, with the pattern below it, why, and
    /// whether files of before stand for it.
    /// </summary>
    public IReadOnlyList<(string Path, string Problem, bool IsKept)> Problems { get; private set; } = [];

    /// <summary>Whether there are others than those that were taken.</summary>
    public bool IsPending => !_seen.SequenceEqual(Taken);

    /// <summary>Whether it has no file and never had one since the start, which a volume that is not mounted yet would look like.</summary>
    public bool LacksFiles => Taken.Count == 0 && _seen.Count == 0 && IncludePattern.HasWildcard(pattern);

    /// <summary>Takes the files that it had before this process, as one whose files all went: whether there are any of its own.</summary>
    /// <param name="paths">Paths below the folder of the main file.</param>
    public bool Recall(IEnumerable<string> paths)
    {
        List<string> own = [.. paths.Where(path => IncludePattern.Matches(pattern, path)).Select(path => Path.Combine(folder, path))
            .Order(StringComparer.Ordinal)];
        List<string> lacking = LacksFiles ? own : [.. own.Except(Taken).Where(file => _closed.Exists(one => one.MayHave(file)))];
        if (lacking.Count == 0)
        {
            return false;
        }

        _seen = Taken = [.. Taken.Concat(lacking).Order(StringComparer.Ordinal)];
        List();
        return true;
    }

    /// <summary>Looks; whether they are others than at the look before.</summary>
    public bool Look()
    {
        if (_isListed && !_watched.MayHaveChanged(_folders))
        {
            return false;
        }

        var before = _seen;
        List();
        return !before.SequenceEqual(_seen);
    }

    /// <summary>Takes those that there are.</summary>
    public void Take()
    {
        if (!_isListed)
        {
            Look();
        }

        Taken = _seen;
    }

    /// <summary>A folder that cannot be listed, or is not there any more, is no word of its owner that its files are to go.</summary>
    private void List()
    {
        _isListed = true;
        (var files, _folders, _closed) = expand(folder, pattern);
        var kept = _seen.Where(file => _closed.Exists(one => one.MayHave(file))).ToHashSet();
        files = kept.Count == 0 ? files : [.. files.Union(kept).Order(StringComparer.Ordinal)];
        string? whole = files.Count > IncludePattern.MaxFiles ? $"'{pattern}' matches more than {IncludePattern.MaxFiles} files"
            : files.Count == 0 && _seen.Count > 0
                ? $"'{pattern}' matches no file any more, as when a volume is not mounted: the {_seen.Count} file(s) of before stay " +
                    "in use; to drop them all, take this entry out of include" : null;
        Problems =
        [
            .. whole is null ? [] : new[] { (pattern, whole, _seen.Count > 0) },
            .. _closed.DistinctBy(one => (one.Folder, one.Rest)).Select(one => (
                $"{(one.Folder == folder ? "" : $"{Path.GetRelativePath(folder, one.Folder)}/")}{one.Rest}",
                $"{one.Folder} cannot be listed: {one.Problem}", kept.Any(one.MayHave))),
        ];
        _seen = whole is null ? files : _seen;
    }
}
