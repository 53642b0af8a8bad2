using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.ServiceDefaults.Admin;

/// <summary>
/// Refused requests to the admin listener in the audit log: wrong tokens, guesses that come too fast, pages of other sites. Anybody may
/// send them, so the log has only so many lines a second; each says how many it stands for.
/// </summary>
/// <param name="audit">The log.</param>
/// <param name="addresses">Who the client is.</param>
/// <param name="time">The clock.</param>
public sealed class AdminRefusals(AuditLog audit, ClientAddress addresses, TimeProvider time)
{
    /// <summary>Lines in a second.</summary>
    private const int MaxPerSecond = 10;

    /// <summary>Of a path, in characters.</summary>
    private const int MaxPath = 256;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private long? _since;
    private int _written;
    private long _count;

    /// <summary>A request was refused.</summary>
    /// <param name="context">The request.</param>
    /// <param name="refusal">What its client is told.</param>
    /// <param name="reason">Why, for operators.</param>
    public void Tell(HttpContext context, AdminRefusal refusal, string reason)
    {
        if (Take() is not { } count)
        {
            return;
        }

        var path = new RawTarget(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget).Path.ToString();
        audit.Write(new AuditEvent
        {
            Time = time.GetUtcNow(), Event = "denied", Client = addresses.Of(context)?.ToString(), Action = "operate",
            Reference = path.Length > MaxPath ? path[..MaxPath] : path, Decision = "deny", Status = refusal.Status, Reason = reason,
            RequestId = context.TraceIdentifier, Count = count > 1 ? count : null,
        });
    }

    /// <summary>How many requests the line stands for; <c>null</c> for no line.</summary>
    private long? Take()
    {
        lock (_gate)
        {
            _count++;
            if (_since is not { } since || time.GetElapsedTime(since) >= Second)
            {
                (_since, _written) = (time.GetTimestamp(), 0);
            }

            if (_written == MaxPerSecond)
            {
                return null;
            }

            (var count, _count, _written) = (_count, 0, _written + 1);
            return count;
        }
    }
}
