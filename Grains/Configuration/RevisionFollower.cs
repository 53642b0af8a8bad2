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

    private string? _said;

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

        _said = feed.Conflict;
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "ALARM: this silo is not ready: {Conflict}")]
    private partial void LogConflict(string conflict);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The cluster could not be asked for its configuration yet")]
    private partial void LogLater(Exception fault);
}
