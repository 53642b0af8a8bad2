using System.Reflection;
using Microsoft.Extensions.Hosting;

namespace RegistryProxy.ServiceDefaults.Operations;

/// <summary>Sends what a process has to report every two seconds. A report that is lost is followed by the next.</summary>
public abstract class ProcessReporter(string kind, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    private readonly string _id = Guid.NewGuid().ToString("N");

    /// <summary>The version of the product.</summary>
    public static string ProductVersion { get; } =
        typeof(ProcessReporter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    /// <summary>Sends one report.</summary>
    protected abstract Task Send(string id, string kind, DateTimeOffset started);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var started = time.GetUtcNow();
        using var timer = new PeriodicTimer(Period, time);
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

            await timer.WaitForNextTickAsync(stoppingToken);
        }
    }
}
