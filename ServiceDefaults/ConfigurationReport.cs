using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Files.Yaml;
using RegistryProxy.ServiceDefaults.Commands;

namespace RegistryProxy.ServiceDefaults;

/// <summary>Says in the log what became of a changed configuration file.</summary>
internal sealed partial class ConfigurationReport(HostStart start, ILogger<ConfigurationReport> logger) : IHostedService
{
    private bool _isBroken;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (start.Source is ConfigurationWatcher watcher)
        {
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

        if (errors.Count > 0)
        {
            _isBroken = true;
            if (watcher.IsMainBroken)
            {
                LogKept(errors.Count, watcher.Current.Version);
            }

            return;
        }

        if (_isBroken)
        {
            _isBroken = false;
            LogMended(watcher.Current.Version);
        }

        if (watcher.NeedsRestart.Count > 0)
        {
            LogRestart(string.Join(", ", watcher.NeedsRestart));
        }
    }

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

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The changed configuration is in use, but these sections need a restart: {Sections}")]
    private partial void LogRestart(string sections);
}
