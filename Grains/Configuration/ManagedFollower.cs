using Microsoft.Extensions.Logging;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Keeps the parts of managed tenants on this silo as the state of the cluster has them.</summary>
internal sealed partial class ManagedFollower(
    IGrainFactory grains, IConfigurationFeed configuration, LocalFiles local, ISiloStatusOracle silo, TimeProvider time,
    ILogger<ManagedFollower> logger)
    : BackgroundLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>
    /// So long nothing is decided on a silo whose state has not answered for all parts yet; what it does not answer for concerns those
    /// tenants alone after that.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private ManagedTenants? _managed;

    protected override async Task Run(CancellationToken stoppingToken)
    {
        if (local.Watcher?.Managed is not { } managed)
        {
            return;
        }

        while (silo.CurrentStatus != SiloStatus.Active)
        {
            await Task.Delay(Period / 20, time, stoppingToken);
        }

        var late = Task.Delay(Patience, time, stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            var sync = Sync(stoppingToken);
            await Task.WhenAny(sync, managed.Settled.IsCompleted ? sync : late);
            if ((late.IsCompleted || await sync) && configuration is not RevisionFeed { Settled.IsCompleted: false })
            {
                managed.Settle();
            }

            await sync;
            await Task.Delay(managed.Settled.IsCompleted ? Period : Period / 20, time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> Sync(CancellationToken stoppingToken)
    {
        var hadAny = _managed is { Owners.Count: > 0 };
        _managed = ManagedTenants.Of(_managed, configuration.Current, local.Watcher!.Current);
        if (!hadAny && _managed.Owners.Count == 0)
        {
            return true;
        }

        try
        {
            return await grains.GetGrain<IManagedSyncGrain>(0).Sync() == 0;
        }
        catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
        {
            LogLater(fault);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The parts of managed tenants could not be read yet; retrying")]
    private partial void LogLater(Exception fault);
}
