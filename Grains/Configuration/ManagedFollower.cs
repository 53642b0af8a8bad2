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
    /// So long nothing is decided on a silo that could not read all parts yet; a state that does not answer concerns the tenants alone
    /// after that.
    /// </summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private ManagedTenants? _managed;

    protected override async Task Run(CancellationToken stoppingToken)
    {
        var managed = local.Watcher?.Managed;
        TimeSpan? began = null;
        while (managed is not null && !stoppingToken.IsCancellationRequested)
        {
            var isActive = silo.CurrentStatus == SiloStatus.Active;
            began ??= isActive ? time.GetSteadyNow() : null;
            var isDone = isActive && await Sync(stoppingToken);
            if ((isDone || time.GetSteadyNow() - began >= Patience) && configuration is not RevisionFeed { Settled.IsCompleted: false })
            {
                managed.Settle();
            }

            await Task.Delay(managed.Settled.IsCompleted ? Period : Period / 20, time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> Sync(CancellationToken stoppingToken)
    {
        var hadAny = _managed is { Tenants.Count: > 0 };
        _managed = ManagedTenants.Of(_managed, configuration.Current, local.Watcher!.Current);
        if (!hadAny && _managed.Tenants.Count == 0)
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
