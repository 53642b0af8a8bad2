using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RegistryProxy.Background;

namespace RegistryProxy.ServiceDefaults.Draining;

/// <summary>
/// How a host ends. At SIGTERM <c>/readyz</c> says so, work that comes all the same is still taken until it stops coming, and what runs may
/// finish within the grace. A second SIGTERM ends it at once.
/// </summary>
public static class DrainingHost
{
    /// <summary>Runs the host until it is told to end, and ends it.</summary>
    public static async Task RunUntilTold(this WebApplication app)
    {
        using var hurry = new CancellationTokenSource();
        var lifetime = app.Lifetime;
        BackgroundFaults.LogTo(app.Services.GetRequiredService<ILoggerFactory>());
        await app.StartAsync();
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ =>
        {
            if (lifetime.ApplicationStopping.IsCancellationRequested)
            {
                hurry.Cancel();
            }
        });
        var stopping = new TaskCompletionSource();
        await using (lifetime.ApplicationStopping.Register(() => stopping.TrySetResult()))
        {
            await stopping.Task;
        }

        var report = ActivatorUtilities.CreateInstance<DrainReport>(app.Services);
        if (app.Services.GetService<RequestFlow>() is { } flow)
        {
            report.Ebbs(RequestFlow.Quiet, RequestFlow.Most);
            await flow.Ebb(hurry.Token);
        }

        try
        {
            var ending = app.StopAsync(hurry.Token);
            await report.While(ending, app.Services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
            await ending;
        }
        catch (Exception fault) when (WasCutShort(fault))
        {
            // Whoever was in the middle of something was cut off: as asked for, or since the grace is over.
        }

        await app.DisposeAsync();
    }

    private static bool WasCutShort(Exception fault) =>
        fault is OperationCanceledException
            || (fault is AggregateException all && all.Flatten().InnerExceptions.All(inner => inner is OperationCanceledException));
}
