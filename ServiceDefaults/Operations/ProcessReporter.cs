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

    /// <summary>Sends one report.</summary>
    protected abstract Task Send(string id, string kind, DateTimeOffset started);

    /// <inheritdoc/>
    protected override async Task Run(CancellationToken stoppingToken)
    {
        var started = time.GetUtcNow();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Send(_id, kind, started);
            }
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
            {
                // The cluster is away; operators see that by other means.
            }

            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
