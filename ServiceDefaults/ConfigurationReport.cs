using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files.Yaml;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults;

/// <summary>Says in the log what became of a changed configuration file.</summary>
internal sealed partial class ConfigurationReport(HostStart start, ILogger<ConfigurationReport> logger) : IHostedService
{
    /// <summary>The files that are not in use as they are; <c>null</c> for the main one.</summary>
    private HashSet<string?> _broken = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (start.Source is ConfigurationWatcher watcher)
        {
            // What is broken at the start was told before there was a log.
            _broken = BrokenOf(watcher);
            watcher.WasRead += errors => Report(watcher, errors);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Report(ConfigurationWatcher watcher, IReadOnlyList<ConfigurationError> errors)
    {
        foreach (var warning in watcher.LastWarnings)
        {
            LogWarning(warning.ToString());
        }

        foreach (var error in errors)
        {
            LogError(error.ToString());
        }

        foreach (var fault in watcher.LastFaults)
        {
            LogPart(fault.File, fault.Errors.Count,
                fault.IsKept ? "its last good text stays in use" : "hosts that depend on it answer 503", watcher.Current.Version);
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
