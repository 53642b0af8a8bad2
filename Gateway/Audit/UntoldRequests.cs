using RegistryProxy.Background;

namespace RegistryProxy.Gateway.Audit;

/// <summary>
/// Sees that requests which have no line of their own are told as a number, when their second is over, or when nobody makes any more.
/// </summary>
internal sealed class UntoldRequests(AuditTrail audit, TimeProvider time) : LastingLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            audit.TellUntold(isLast: false);
        }
    }

    protected override Task Finish()
    {
        audit.TellUntold(isLast: true);
        return Task.CompletedTask;
    }
}
