using RegistryProxy.Background;

namespace RegistryProxy.Gateway.Cache.Disk;

/// <summary>Looks every second whether a disk that failed takes bytes again.</summary>
internal sealed class DiskRecovery(DiskStore store, TimeProvider time) : BackgroundLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (store.IsEnabled && !stoppingToken.IsCancellationRequested)
        {
            store.Recover();
            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
