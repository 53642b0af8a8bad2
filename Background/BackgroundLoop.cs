using Microsoft.Extensions.Hosting;

namespace RegistryProxy.Background;

/// <summary>
/// Work that a host does beside its requests for as long as it runs. No fault ends it, nor the process: what it throws is reported, and a
/// second later it begins again.
/// </summary>
public abstract class BackgroundLoop : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Works until the host stops, or until there is nothing left to do.</summary>
    protected abstract Task Run(CancellationToken stoppingToken);

    /// <inheritdoc/>
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Run(stoppingToken);
                return;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                BackgroundFaults.Report(GetType().Name, fault);
            }

            await Task.Delay(Pause, TimeProvider.System, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
