using RegistryProxy.Background;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Files;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reload;

/// <summary>
/// Follows a configuration file. It is looked at twice a second and read when it may have changed; replaced files and swapped symlinks
/// (Kubernetes
/// <c>..data</c>) are seen like edits. A file with errors changes nothing: the last good configuration stays.
/// </summary>
public sealed class ConfigurationWatcher : IConfigurationFeed, ITicking, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>After so many periods a file with errors is read again: the files that it names may have been mended.</summary>
    private const int PeriodsWithErrors = 10;

    private readonly string _path;
    private readonly ConfigurationPart _part;
    private readonly WatchedFiles _files;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private string _seen;
    private int _periodsWithErrors;

    public ConfigurationWatcher(
        string path, ConfigurationSnapshot first, TimeProvider time, ConfigurationPart part = ConfigurationPart.Whole)
    {
        _part = part;
        _path = path;
        _time = time;
        Current = first;
        _files = new WatchedFiles([path], ConfigurationFile.MaxBytes);
        _seen = _files.Look();
        _timer = GuardedTimer.Start(time, this, Period, Period);
    }

    public event Action? Changed;

    /// <summary>Raised after each reading of a changed file, with its errors; empty when it was taken.</summary>
    public event Action<IReadOnlyList<ConfigurationError>>? Read;

    public ConfigurationSnapshot Current { get; private set; }

    /// <summary>What is wrong with the file as it is now; empty when it is in use.</summary>
    public IReadOnlyList<ConfigurationError> LastErrors { get; private set; } = [];

    /// <summary>Since when the file has errors; <c>null</c> while it is in use.</summary>
    public DateTimeOffset? BrokenSince { get; private set; }

    /// <summary>What in the file as it is now works and may not be meant.</summary>
    public IReadOnlyList<ConfigurationError> LastWarnings { get; private set; } = [];

    /// <summary>Sections that changed and take effect only after a restart.</summary>
    public IReadOnlyList<string> NeedsRestart { get; private set; } = [];

    public void Dispose() => _timer.Dispose();

    void ITicking.Tick()
    {
        if (!_gate.TryEnter())
        {
            return;
        }

        try
        {
            var fingerprint = _files.Look();
            if (fingerprint != _seen)
            {
                _seen = fingerprint;
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

    private void Reload(bool isChanged)
    {
        _periodsWithErrors = 0;
        var result = ConfigurationFile.Read(_path, _part);
        var isNews = isChanged || !result.Errors.SequenceEqual(LastErrors);
        (LastErrors, LastWarnings) = (result.Errors, result.Warnings);
        BrokenSince = result.Errors.Count == 0 ? null : BrokenSince ?? _time.GetUtcNow();
        if (result.Snapshot is { } next && next.Version != Current.Version)
        {
            NeedsRestart = RestartSections(Current.Configuration, next.Configuration);
            Current = next;
            BackgroundFaults.Raise(Changed, handler => handler());
        }

        if (isNews)
        {
            BackgroundFaults.Raise(Read, handler => handler(result.Errors));
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
