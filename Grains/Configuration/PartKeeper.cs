using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Sees that the files beside the main one are kept, and found again, without holding anything up.</summary>
internal sealed partial class PartKeeper(
    IGrainFactory grains, IConfigurationFeed configuration, LocalFiles local, ISiloStatusOracle silo, TimeProvider time,
    ILogger<PartKeeper> logger)
    : BackgroundLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private ConfigurationSnapshot? _done;
    private TimeSpan _doneAt;

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var current = configuration.Current;
            var isNews = !ReferenceEquals(current, _done) || time.GetSteadyNow() - _doneAt > KeptParts.Renewal;
            if (silo.CurrentStatus == SiloStatus.Active && (current.Parts.Count > 0 || IsMissing) && (isNews || IsMissing))
            {
                await Sync(current, stoppingToken);
            }

            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool IsMissing => local.Watcher?.Current.Missing.Count > 0;

    private async Task Sync(ConfigurationSnapshot current, CancellationToken stoppingToken)
    {
        try
        {
            if (await grains.GetGrain<IPartSyncGrain>(0).Sync() == 0)
            {
                (_done, _doneAt) = (current, time.GetSteadyNow());
            }
        }
        catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
        {
            LogLater(fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The last good configuration files could not be stored yet; retrying")]
    private partial void LogLater(Exception fault);
}
