using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration.Reload;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Keeps the configuration of this silo at the revision of its cluster, and offers a higher one to it.</summary>
internal sealed partial class RevisionFollower : BackgroundLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>How many errors of parts are told at once.</summary>
    private const int MaxFaults = 100;

    private readonly IGrainFactory _grains;
    private readonly RevisionFeed _feed;
    private readonly ISiloStatusOracle _silo;
    private readonly TimeProvider _time;
    private readonly ILogger<RevisionFollower> _logger;
    private string? _said;
    private string? _alarmed;

    public RevisionFollower(
        IGrainFactory grains, RevisionFeed feed, ISiloStatusOracle silo, TimeProvider time, IMeterFactory meters,
        ILogger<RevisionFollower> logger)
    {
        (_grains, _feed, _silo, _time, _logger) = (grains, feed, silo, time, logger);
        meters.Create("RegistryProxy.Grains").CreateObservableGauge(
            "registryproxy.configuration.waiting", () => feed.Conflict is null && feed.Alarm is null ? 0 : 1, null,
            "1 while the files of this silo are good, the cluster follows others, and an operator has to act");
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (_silo.CurrentStatus == SiloStatus.Active)
                {
                    await _grains.GetGrain<IRevisionSyncGrain>(0).Agree();
                }
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                LogLater(fault);
            }

            Report();
            await Task.Delay(_feed.Settled.IsCompleted ? Period : Period / 10, _time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Report()
    {
        if (_feed.Conflict is { } conflict && conflict != _said)
        {
            LogConflict(conflict);
        }

        if (_feed.Alarm is { } alarm && alarm != _alarmed)
        {
            LogAlarm(alarm);
            foreach (var error in _feed.Faults.SelectMany(fault => fault.Errors).Take(MaxFaults))
            {
                LogFault(error.ToString());
            }
        }

        if ((_said ?? _alarmed) is not null && _feed.Conflict is null && _feed.Alarm is null)
        {
            LogWell(_feed.Current.Configuration.Revision);
        }

        (_said, _alarmed) = (_feed.Conflict, _feed.Alarm);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "ALARM: {Alarm}")]
    private partial void LogAlarm(string alarm);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "The files of this silo are what the cluster follows again: revision {Revision}")]
    private partial void LogWell(long revision);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Fault}")]
    private partial void LogFault(string fault);

    [LoggerMessage(Level = LogLevel.Critical, Message = "ALARM: this silo is not ready: {Conflict}")]
    private partial void LogConflict(string conflict);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The cluster's configuration could not be read yet; retrying")]
    private partial void LogLater(Exception fault);
}
