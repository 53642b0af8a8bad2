using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration.Reload;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Keeps the configuration of this silo at the revision of its cluster, and offers a higher one to it.</summary>
internal sealed partial class RevisionFollower(
    IGrainFactory grains, RevisionFeed feed, ISiloStatusOracle silo, TimeProvider time, ILogger<RevisionFollower> logger)
    : BackgroundLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>How many errors of parts are told at once.</summary>
    private const int MaxFaults = 100;

    private string? _said;
    private string? _alarmed;

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (silo.CurrentStatus == SiloStatus.Active)
                {
                    await grains.GetGrain<IRevisionSyncGrain>(0).Agree();
                }
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                LogLater(fault);
            }

            Report();
            await Task.Delay(feed.Settled.IsCompleted ? Period : Period / 10, time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Report()
    {
        if (feed.Conflict is { } conflict && conflict != _said)
        {
            LogConflict(conflict);
        }

        if (feed.Alarm is { } alarm && alarm != _alarmed)
        {
            LogAlarm(alarm);
            foreach (var error in feed.Faults.SelectMany(fault => fault.Errors).Take(MaxFaults))
            {
                LogFault(error.ToString());
            }
        }

        (_said, _alarmed) = (feed.Conflict, feed.Alarm);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "ALARM: {Alarm}")]
    private partial void LogAlarm(string alarm);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Fault}")]
    private partial void LogFault(string fault);

    [LoggerMessage(Level = LogLevel.Critical, Message = "ALARM: this silo is not ready: {Conflict}")]
    private partial void LogConflict(string conflict);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The cluster's configuration could not be read yet; retrying")]
    private partial void LogLater(Exception fault);
}
