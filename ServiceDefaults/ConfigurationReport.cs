using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files.Yaml;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults;

/// <summary>
/// Says in the log what became of a changed configuration file. What was said of another one at the reading before is not said again:
/// a file of one tenant changes, and a thousand others have their warnings.
/// </summary>
internal sealed partial class ConfigurationReport(HostStart start, ILogger<ConfigurationReport> logger) : IHostedService
{
    /// <summary>The files that are not in use as they are; <c>null</c> for the main one.</summary>
    private HashSet<string?> _broken = [];
    private HashSet<string> _warnings = [];
    private HashSet<string> _errors = [];
    private HashSet<(string File, int Errors, bool IsKept)> _faults = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (start.Source is ConfigurationWatcher watcher)
        {
            // What is broken at the start was told before there was a log.
            _broken = BrokenOf(watcher);
            _warnings = [.. watcher.LastWarnings.Select(warning => warning.ToString())];
            _errors = [.. watcher.LastErrors.Select(error => error.ToString())];
            _faults = [.. FaultsOf(watcher)];
            watcher.WasRead += errors => Report(watcher, errors);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Report(ConfigurationWatcher watcher, IReadOnlyList<ConfigurationError> errors)
    {
        News(ref _warnings, watcher.LastWarnings.Select(warning => warning.ToString())).ForEach(LogWarning);
        News(ref _errors, errors.Select(error => error.ToString())).ForEach(LogError);
        foreach (var (file, count, isKept) in News(ref _faults, FaultsOf(watcher)))
        {
            LogPart(
                file, count, isKept ? "its last good text stays in use" : "hosts that depend on it answer 503", watcher.Current.Version);
        }

        if (watcher.IsMainBroken)
        {
            LogKept(errors.Count, watcher.Current.Version);
        }

        TellMended(watcher);
        if (errors.Count == 0 && watcher.NeedsRestart.Count > 0)
        {
            LogRestart(string.Join(", ", watcher.NeedsRestart));
        }
    }

    private void TellMended(ConfigurationWatcher watcher)
    {
        if (watcher.IsMainBroken)
        {
            // While it is, nothing is known of the others.
            _broken.Add(null);
            return;
        }

        var broken = BrokenOf(watcher);
        foreach (var file in _broken.Except(broken))
        {
            if (file is null)
            {
                LogMended(watcher.Current.Version);
            }
            else
            {
                LogPartMended(file, watcher.Current.Version);
            }
        }

        _broken = broken;
    }

    /// <summary>What was not there before; what is there now is remembered.</summary>
    private static List<T> News<T>(ref HashSet<T> known, IEnumerable<T> now)
    {
        var all = now.ToList();
        var news = all.Except(known).ToList();
        known = [.. all];
        return news;
    }

    private static IEnumerable<(string File, int Errors, bool IsKept)> FaultsOf(ConfigurationWatcher watcher) =>
        watcher.LastFaults.Select(fault => (fault.File, fault.Errors.Count, fault.IsKept));

    private static HashSet<string?> BrokenOf(ConfigurationWatcher watcher) => [.. watcher.LastFaults.Select(fault => fault.File)];

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Error}")]
    private partial void LogError(string error);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "The changed configuration has {Count} error(s) and is not used; version {Version} stays")]
    private partial void LogKept(int count, string version);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "The file {File} has {Count} error(s) and is not used: {Instead}; everything else is in use as version {Version}")]
    private partial void LogPart(string file, int count, string instead, string version);

    [LoggerMessage(Level = LogLevel.Information, Message = "The configuration file has no errors any more; version {Version} is in use")]
    private partial void LogMended(string version);

    [LoggerMessage(Level = LogLevel.Information, Message = "The file {File} has no errors any more; version {Version} is in use")]
    private partial void LogPartMended(string file, string version);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The changed configuration is in use, but these sections need a restart: {Sections}")]
    private partial void LogRestart(string sections);
}
