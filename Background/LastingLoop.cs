using Microsoft.Extensions.Hosting;

namespace RegistryProxy.Background;

/// <summary>
/// A loop that hands on what others leave with it. They do so until they have stopped, so its last turn comes after all services of the
/// host have stopped, whether its grace is over or not.
/// </summary>
public abstract class LastingLoop : BackgroundLoop, IHostedLifecycleService
{
    /// <summary>Hands on the rest. Called once, when nothing else of the host works any more; a fault of it is reported.</summary>
    protected abstract Task Finish();

    /// <inheritdoc/>
    public sealed override Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Finish();
        }
        catch (Exception fault)
        {
            BackgroundFaults.Report(GetType().Name, fault);
        }

        await base.StopAsync(CancellationToken.None);
    }

    /// <inheritdoc/>
    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
