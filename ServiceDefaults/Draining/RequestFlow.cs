using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace RegistryProxy.ServiceDefaults.Draining;

/// <summary>
/// Counts requests as they come, so that a gateway which ends closes its listener only after its load balancer has turned to others. While
/// it waits, it asks clients not to reuse their connections.
/// </summary>
public sealed class RequestFlow(IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>How long it is waited at most for requests to stop coming.</summary>
    internal static readonly TimeSpan Most = TimeSpan.FromSeconds(5);

    /// <summary>How long no request must have come.</summary>
    internal static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    private long _last;

    /// <summary>Notes a request, unless it is a probe.</summary>
    public void Note(HttpContext context)
    {
        if (context.Features.Get<IHttpRequestFeature>()?.RawTarget is "/livez" or "/readyz")
        {
            return;
        }

        Volatile.Write(ref _last, time.GetTimestamp());
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            context.Response.Headers.Connection = "close";
        }
    }

    /// <summary>Ends when no request came for a second, or after five.</summary>
    internal async Task Ebb(CancellationToken hurry)
    {
        var started = time.GetTimestamp();
        while (!hurry.IsCancellationRequested && time.GetElapsedTime(started) < Most
            && time.GetElapsedTime(Math.Max(Volatile.Read(ref _last), started)) < Quiet)
        {
            await Task.Delay(Quiet / 10, time, hurry).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
