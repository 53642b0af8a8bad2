using RegistryProxy.Files;

namespace RegistryProxy.Configuration.Reading.Texts;

/// <summary>
/// The files of one entry of <c>include</c>: those that were taken, and whether there are others. For one thread at a time.
/// </summary>
internal sealed class IncludedFolder(string folder, string pattern)
{
    private readonly WatchedFolders _watched = new();
    private List<string> _seen = [];
    private List<string> _folders = [];
    private bool _isListed;

    /// <summary>The files that were taken, by absolute path in order.</summary>
    public List<string> Taken { get; private set; } = [];

    /// <summary>Why they are those of before; empty when they are not.</summary>
    public string Problem { get; private set; } = "";

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
        if (!LacksFiles || own.Count == 0)
        {
            return false;
        }

        (_seen, Taken) = (own, own);
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
        try
        {
            (var files, _folders) = IncludePattern.Expand(folder, pattern);
            Problem = files.Count > IncludePattern.MaxFiles ? $"'{pattern}' matches more than {IncludePattern.MaxFiles} files"
                : files.Count == 0 && _seen.Count > 0
                    ? $"'{pattern}' matches no file any more, as when a volume is not mounted: the {_seen.Count} file(s) of before stay " +
                        "in use; to drop them all, take this entry out of include" : "";
            _seen = Problem.Length == 0 ? files : _seen;
        }
        catch (IOException fault)
        {
            Problem = fault.Message;
        }
    }
}
