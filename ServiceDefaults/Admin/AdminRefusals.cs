using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Background;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.ServiceDefaults.Admin;

/// <summary>
/// Refused requests to the admin listener in the audit log: wrong tokens, guesses that come too fast, pages of other sites. Anybody may
/// send them, so the log has only so many lines a second; the others are told as a number when it is over.
/// </summary>
/// <param name="audit">The log.</param>
/// <param name="addresses">Who the client is.</param>
/// <param name="time">The clock.</param>
public sealed class AdminRefusals(AuditLog audit, ClientAddress addresses, TimeProvider time) : LastingLoop
{
    /// <summary>Lines in a second.</summary>
    private const int MaxPerSecond = 10;

    /// <summary>Of a path, in characters.</summary>
    private const int MaxPath = 256;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private long? _since;
    private int _written;
    private int _untold;

    /// <summary>A request was refused.</summary>
    /// <param name="context">The request.</param>
    /// <param name="refusal">What its client is told.</param>
    /// <param name="reason">Why, for operators.</param>
    public void Tell(HttpContext context, AdminRefusal refusal, string reason)
    {
        if (!IsWritten())
        {
            return;
        }

        var path = new RawTarget(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget).Path.ToString();
        audit.Write(new AuditEvent
        {
            Time = time.GetUtcNow(), Event = "denied", Client = addresses.Of(context)?.ToString(), Action = "operate",
            Reference = path.Length > MaxPath ? path[..MaxPath] : path, Decision = "deny", Status = refusal.Status, Reason = reason,
            RequestId = context.TraceIdentifier,
        });
    }

    /// <inheritdoc/>
    protected override async Task Run(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Second, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            TellUntold();
        }
    }

    /// <inheritdoc/>
    protected override Task Finish()
    {
        TellUntold();
        return Task.CompletedTask;
    }

    private void TellUntold()
    {
        if (Interlocked.Exchange(ref _untold, 0) is > 0 and var count)
        {
            audit.Write(new AuditEvent
            {
                Time = time.GetUtcNow(), Event = "denied", Action = "operate", Decision = "deny",
                Reason = "further requests in this second were refused", Count = count,
            });
        }
    }

    /// <summary>Whether a request has a line of its own; else it is counted.</summary>
    private bool IsWritten()
    {
        lock (_gate)
        {
            if (_since is not { } since || time.GetElapsedTime(since) >= Second)
            {
                (_since, _written) = (time.GetTimestamp(), 0);
            }

            if (_written == MaxPerSecond)
            {
                Interlocked.Increment(ref _untold);
                return false;
            }

            _written++;
            return true;
        }
    }
}
