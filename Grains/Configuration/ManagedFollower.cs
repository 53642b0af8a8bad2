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

    /// <summary>So long for those that are left when the state answers for others.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(2);

    private ManagedTenants? _managed;
    private int _left = int.MaxValue;
    private TimeSpan _leftSince;

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
            if ((late.IsCompleted || IsEnough(await sync)) && configuration is not RevisionFeed { Settled.IsCompleted: false })
            {
                managed.Settle();
            }

            await sync;
            await Task.Delay(managed.Settled.IsCompleted ? Period : Period / 20, time, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Whether the parts are read, but for those that their tenants alone miss.</summary>
    /// <param name="left">How many were not answered for.</param>
    private bool IsEnough(int left)
    {
        if (left < _left)
        {
            (_left, _leftSince) = (left, time.GetSteadyNow());
        }

        return left == 0 || (left < _managed!.Owners.Count && time.GetSteadyNow() - _leftSince >= Stall);
    }

    /// <summary>Reads what is new; returns how many parts were not answered for, all of them when nobody reads.</summary>
    private async Task<int> Sync(CancellationToken stoppingToken)
    {
        var hadAny = _managed is { Owners.Count: > 0 };
        _managed = ManagedTenants.Of(_managed, configuration.Current, local.Watcher!.Current);
        if (!hadAny && _managed.Owners.Count == 0)
        {
            return 0;
        }

        try
        {
            return await grains.GetGrain<IManagedSyncGrain>(0).Sync();
        }
        catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
        {
            LogLater(fault);
            return int.MaxValue;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The parts of managed tenants could not be read yet; retrying")]
    private partial void LogLater(Exception fault);
}
