using RegistryProxy.Background;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// Follows a configuration file and those that belong to it. They are looked at twice a second and read when they may have changed;
/// replaced files and swapped symlinks (Kubernetes <c>..data</c>) are seen like edits. A main file with errors changes nothing: the last
/// good configuration stays; of another one its last good text does.
/// </summary>
public sealed class ConfigurationWatcher : IConfigurationFeed, ITicking, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>After so many periods a file with errors is read again: the files that it names may have been mended.</summary>
    private const int PeriodsWithErrors = 10;

    /// <summary>A text that was good once and did not help is tried again after so long.</summary>
    private static readonly TimeSpan RestoreAgain = TimeSpan.FromMinutes(1);

    private readonly ConfigurationFiles _files;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly FrontDoorConfiguration _started;
    private readonly Dictionary<string, (string Hash, long At)> _tried = [];
    private int _periodsWithErrors;

    /// <param name="path">A good file.</param>
    /// <param name="first">What was read of it.</param>
    /// <param name="time">The clock of the looks.</param>
    public ConfigurationWatcher(string path, ConfigurationSnapshot first, TimeProvider time)
        : this(Read(path), new ConfigurationResult(first, []), time)
    {
    }

    /// <param name="files">The files.</param>
    /// <param name="first">What was read of them.</param>
    /// <param name="time">The clock of the looks.</param>
    public ConfigurationWatcher(ConfigurationFiles files, ConfigurationResult first, TimeProvider time)
    {
        (_files, _time, Current, _started) = (files, time, first.Snapshot!, first.Snapshot!.Configuration);
        Take(first);
        files.Managed.Changed += ReloadManaged;
        _timer = GuardedTimer.Start(time, this, Period, Period);
    }

    public event Action? Changed;

    /// <summary>Raised after each reading of a changed file, with its errors; empty when it was taken.</summary>
    public event Action<IReadOnlyList<ConfigurationError>>? WasRead;

    public ConfigurationSnapshot Current { get; private set; }

    /// <summary>What is wrong with the files as they are now; empty when they are in use.</summary>
    public IReadOnlyList<ConfigurationError> LastErrors { get; private set; } = [];

    /// <summary>The files beside the main one that are not in use as they are now.</summary>
    public IReadOnlyList<PartFault> LastFaults { get; private set; } = [];

    /// <summary>Whether errors are in the main file, which is not in use as it is now.</summary>
    public bool IsMainBroken { get; private set; }

    /// <summary>Since when the file has errors; <c>null</c> while it is in use.</summary>
    public DateTimeOffset? BrokenSince { get; private set; }

    /// <summary>What in the file as it is now works and may not be meant.</summary>
    public IReadOnlyList<ConfigurationError> LastWarnings { get; private set; } = [];

    /// <summary>Sections that are other than at the start, and take effect only after a restart.</summary>
    public IReadOnlyList<string> NeedsRestart { get; private set; } = [];

    /// <summary>The parts that are kept in the state.</summary>
    public ManagedParts Managed => _files.Managed;

    public void Dispose()
    {
        _files.Managed.Changed -= ReloadManaged;
        _timer.Dispose();
    }

    void ITicking.Tick()
    {
        if (!_gate.TryEnter())
        {
            return;
        }

        try
        {
            if (_files.Look(_time))
            {
                Reload(isChanged: true);
            }
            else if (LastErrors.Count > 0 && ++_periodsWithErrors >= PeriodsWithErrors)
            {
                Reload(isChanged: false);
            }
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>
    /// Takes texts that were good once, for those parts of the configuration that have none now, or may have what is theirs.
    /// </summary>
    public void Restore(IReadOnlyList<PartText> parts)
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            var sought = Current.Sought.ToHashSet();
            List<PartText> due = [.. parts.Where(part => sought.Contains(part.Name) && (!_tried.TryGetValue(part.Name, out var tried)
                || tried.Hash != part.Hash || _time.GetElapsedTime(tried.At, now) >= RestoreAgain))];
            if (due.Count == 0)
            {
                return;
            }

            foreach (var gone in _tried.Keys.Except(sought).ToList())
            {
                _tried.Remove(gone);
            }

            due.ForEach(part => _tried[part.Name] = (part.Hash, now));
            _files.Restore(due);
            Reload(isChanged: false);
        }
    }

    /// <summary>Whether an entry of <c>include</c> with a wildcard has had no file since the start.</summary>
    public bool LacksIncluded
    {
        get
        {
            lock (_gate)
            {
                return _files.LacksIncluded;
            }
        }
    }

    /// <summary>Takes included files of before this process, for entries of <c>include</c> that have had none since.</summary>
    public void Recall(IReadOnlyList<PartText> parts)
    {
        lock (_gate)
        {
            if (_files.Recall(parts))
            {
                Reload(isChanged: true);
            }
        }
    }

    private static ConfigurationFiles Read(string path)
    {
        var files = new ConfigurationFiles(path);
        files.Read();
        return files;
    }

    private void Take(ConfigurationResult result)
    {
        (LastErrors, LastFaults, LastWarnings) = ([.. result.AllErrors], result.Faults, result.Warnings);
        IsMainBroken = result.Snapshot is null;
        BrokenSince = LastErrors.Count == 0 ? null : BrokenSince ?? _time.GetUtcNow();
    }

    /// <summary>Errors of the main file are its operator's: what administrators change of their tenants counts nevertheless.</summary>
    private void ReloadManaged()
    {
        lock (_gate)
        {
            Reload(isChanged: true);
            if (IsMainBroken && Current.Text is { } lastGood && _files.ReadBehind(lastGood).Snapshot is { } next)
            {
                Use(next);
            }
        }
    }

    private void Reload(bool isChanged)
    {
        _periodsWithErrors = 0;
        var (result, before, kept) = (_files.Read(), LastErrors, LastFaults.Count(fault => fault.IsKept));
        Take(result);
        var isNews = isChanged || !before.SequenceEqual(LastErrors) || kept != LastFaults.Count(fault => fault.IsKept);
        if (result.Snapshot is { } next)
        {
            Use(next);
        }

        if (isNews)
        {
            BackgroundFaults.Raise(WasRead, handler => handler(LastErrors));
        }
    }

    private void Use(ConfigurationSnapshot next)
    {
        if (next.Version != Current.Version)
        {
            NeedsRestart = RestartSections(_started, next.Configuration);
            Current = next;
            BackgroundFaults.Raise(Changed, handler => handler());
        }
    }

    private static List<string> RestartSections(FrontDoorConfiguration before, FrontDoorConfiguration after)
    {
        List<string> sections = [];
        if (before.Cluster != after.Cluster)
        {
            sections.Add("cluster");
        }

        if (!before.Listen.IsSameAs(after.Listen))
        {
            sections.Add("listen");
        }

        if (!before.State.IsSameAs(after.State))
        {
            sections.Add("state");
        }

        if (before.Cache != after.Cache)
        {
            sections.Add("cache");
        }

        return sections;
    }
}
