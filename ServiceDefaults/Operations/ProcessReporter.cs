using System.Reflection;
using RegistryProxy.Background;

namespace RegistryProxy.ServiceDefaults.Operations;

/// <summary>Sends what a process has to report every two seconds. A report that is lost is followed by the next.</summary>
public abstract class ProcessReporter(string kind, TimeProvider time) : BackgroundLoop
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    private readonly string _id = Guid.NewGuid().ToString("N");

    /// <summary>The version of the product.</summary>
    public static string ProductVersion { get; } =
        typeof(ProcessReporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "";

    /// <summary>The clock.</summary>
    protected TimeProvider Time => time;

    /// <summary>Sends one report.</summary>
    /// <param name="id">Of this start of the process.</param>
    /// <param name="number">Of the report, from 1 on.</param>
    /// <param name="kind">Of the process.</param>
    /// <param name="started">When it began.</param>
    protected abstract Task Send(string id, long number, string kind, DateTimeOffset started);

    /// <summary>Says that this process ends as it was told to.</summary>
    protected abstract Task Leave(string id);

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await Leave(_id).WaitAsync(Period, time, cancellationToken);
        }
        catch (Exception)
        {
            // Nobody hears it: then operators are told that this process is silent.
        }
    }

    /// <inheritdoc/>
    protected override async Task Run(CancellationToken stoppingToken)
    {
        var started = time.GetUtcNow();
        for (long number = 1; !stoppingToken.IsCancellationRequested; number++)
        {
            try
            {
                await Send(_id, number, kind, started);
            }
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
            {
                // The cluster is away; operators see that by other means.
            }

            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
