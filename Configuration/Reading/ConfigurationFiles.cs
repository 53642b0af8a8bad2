using RegistryProxy.Configuration.Reading.Texts;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading;

/// <summary>
/// The files of a configuration on this machine. What is read again is what changed: the main file and those that it includes together,
/// once nothing of them has changed for a second; the file of a tenant for itself. For one thread at a time.
/// </summary>
public sealed class ConfigurationFiles : IPartTexts
{
    /// <summary>After so long they count although one of them goes on changing.</summary>
    public static readonly TimeSpan LongestChange = TimeSpan.FromSeconds(10);

    private readonly string _path;
    private readonly string _folder;
    private readonly ConfigurationComposer _composer;
    private readonly ReadFile _main;
    private readonly Dictionary<string, IncludedFolder> _folders = [];
    private readonly Dictionary<string, ReadFile> _included = [];
    private readonly Dictionary<string, ReadFile> _ofTenants = [];
    private readonly HashSet<string> _asked = [];
    private bool _takesIncluded = true;
    private long _changedAt;
    private long? _pendingSince;
    private TimeProvider _time = TimeProvider.System;

    /// <param name="path">The main file.</param>
    /// <param name="part">How much of it is read.</param>
    public ConfigurationFiles(string path, ConfigurationPart part = ConfigurationPart.Whole)
    {
        // What is no path is told when it is read.
        (_path, _folder) = (path, path.Length == 0 || path.Contains('\0') ? "/" : Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/");
        _composer = new ConfigurationComposer(path, part);
        _main = new ReadFile("", path);
    }

    /// <summary>Looks at all; whether <see cref="Read"/> would find something else now.</summary>
    public bool Look(TimeProvider time)
    {
        _time = time;
        var (hasMoved, isPending) = (_main.Look(time), _main.IsPending);
        foreach (var folder in _folders.Values)
        {
            hasMoved |= folder.Look();
            isPending |= folder.IsPending;
        }

        foreach (var file in _included.Values)
        {
            hasMoved |= file.Look(time);
            isPending |= file.IsPending;
        }

        _changedAt = hasMoved ? time.GetTimestamp() : _changedAt;
        _pendingSince = isPending ? _pendingSince ?? time.GetTimestamp() : null;
        _takesIncluded = _pendingSince is { } since && (_folders.Count == 0 || time.GetElapsedTime(_changedAt) >= ReadFile.Quiet
            || time.GetElapsedTime(since) >= LongestChange);
        var isDue = _takesIncluded;
        foreach (var file in _ofTenants.Values)
        {
            file.Look(time);
            isDue |= file.IsPending && file.IsSettled(time);
        }

        return isDue;
    }

    /// <summary>Reads what changed and puts all together.</summary>
    public ConfigurationResult Read()
    {
        _asked.Clear();
        var main = _takesIncluded || _main.Taken.Text is null ? _main.Take() : _main.Taken;
        var result = main.Text is { } text ? _composer.Compose(text.Text, this)
            : new ConfigurationResult(null, [new ConfigurationError(_path, 1, "", main.Problem)]);
        _takesIncluded = false;
        if (result.Snapshot is not null)
        {
            Forget(_included);
            Forget(_ofTenants);
        }

        return result;
    }

    /// <summary>Puts a main text that was good with what is beside it now: while the main file has errors.</summary>
    public ConfigurationResult ReadBehind(Secret main) => _composer.Compose(main, this);

    /// <summary>Takes texts that were good once, for parts that have none now; they count at the next reading.</summary>
    public void Restore(IEnumerable<PartText> parts) => _composer.Restore(parts);

    /// <summary>Whether an entry of <c>include</c> with a wildcard has had no file since the start.</summary>
    public bool LacksIncluded => _folders.Values.Any(folder => folder.LacksFiles);

    /// <summary>
    /// Takes included files that were in use before this process for entries that have had none since: a folder that is not there yet is no
    /// word of its owner that they are to go. They count at the next reading.
    /// </summary>
    /// <param name="parts">What was in use.</param>
    /// <returns>Whether any of them is of such an entry.</returns>
    public bool Recall(IReadOnlyList<PartText> parts)
    {
        var paths = parts.Select(part => PartText.PathOf(part.Name)).OfType<string>().ToList();
        var isAny = false;
        foreach (var folder in _folders.Values)
        {
            isAny |= folder.Recall(paths);
        }

        if (isAny)
        {
            _composer.Restore(parts);
        }

        return isAny;
    }

    /// <summary>The parts that are kept in the state, which somebody has to read from there.</summary>
    public ManagedParts Managed { get; } = new();

    bool IPartTexts.AreHere => true;

    IReadOnlyList<OfferedPart> IPartTexts.Included(IReadOnlyList<string> patterns)
    {
        foreach (var gone in _folders.Keys.Except(patterns).ToList())
        {
            _folders.Remove(gone);
        }

        SortedDictionary<string, OfferedPart> parts = new(StringComparer.Ordinal);
        var main = Path.GetFullPath(_path);
        foreach (var pattern in patterns)
        {
            var folder = _folders.TryGetValue(pattern, out var known) ? known
                : _folders[pattern] = new IncludedFolder(_folder, pattern, IncludePattern.Expand);
            if (known is null || _takesIncluded)
            {
                folder.Take();
            }

            foreach (var file in folder.Taken.Where(file => file != main))
            {
                var name = PartText.OfFile(Path.GetRelativePath(_folder, file));
                parts.TryAdd(name, Part(_included, name, file, isDue: _takesIncluded));
            }

            foreach (var (path, problem, isKept) in folder.Problems)
            {
                parts[PartText.OfFile(path)] =
                    new OfferedPart(PartText.OfFile(path), Path.Combine(_folder, path), null, problem) { IsKept = isKept };
            }
        }

        return [.. parts.Values];
    }

    OfferedPart IPartTexts.OfTenant(string tenant, string file)
    {
        // Another path is another file, whatever was read from the former one.
        var name = PartText.OfTenant(tenant);
        if (_ofTenants.TryGetValue(name, out var known) && known.Taken.File != file)
        {
            _ofTenants.Remove(name);
        }

        return Part(_ofTenants, name, file, isDue: known is not null && known.IsPending && known.IsSettled(_time));
    }

    private OfferedPart Part(Dictionary<string, ReadFile> files, string name, string path, bool isDue)
    {
        _asked.Add(name);
        if (files.TryGetValue(name, out var file))
        {
            return (isDue && file.IsPending) || file.Taken.Text is null ? file.Take() : file.Taken;
        }

        return (files[name] = new ReadFile(name, path, isConfined: ReferenceEquals(files, _ofTenants))).Take();
    }

    private void Forget(Dictionary<string, ReadFile> files)
    {
        foreach (var name in files.Keys.Where(name => !_asked.Contains(name)).ToList())
        {
            files.Remove(name);
        }
    }
}
