using RegistryProxy.Gateway.Audit;
using RegistryProxy.Gateway.Operations;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway;

/// <summary>Counts what tenants were answered, for operators and for <c>/metrics</c>.</summary>
internal sealed class AnsweredRequests(RequestStatistics statistics, TenantMeter meter, AuditTrail audit)
{
    /// <summary>A request begins; what to end it with.</summary>
    public long Begin() => meter.Begin();

    /// <summary>A request was answered.</summary>
    public void Count(string tenant, ServedOperation operation, int status, long began)
    {
        statistics.Answered(tenant, status);
        meter.Answered(tenant, operation, status, began);
    }

    /// <summary>An answer may be a refusal that the audit log does not have yet.</summary>
    public void Audit(HttpContext context, string tenant, ReadOnlySpan<char> path, DistributionError? error) =>
        audit.Answered(context, tenant, path, error);

    /// <summary>Bodies went by; of an answer that was cut off those that were sent.</summary>
    public void Moved(string tenant, HttpContext context, bool isWhole)
    {
        var (received, sent) = (Received(context), Sent(context, isWhole));
        meter.Moved(tenant, received, sent);
        statistics.Moved(tenant, received, sent);
    }

    /// <summary>Bytes of the body that came to be pushed.</summary>
    private static long Received(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) ? 0
            : context.Features.Get<MovingBody>()?.Received ?? 0;

    /// <summary>Bytes of the body of an answer: as long as it says when it ended as it should.</summary>
    private static long Sent(HttpContext context, bool isWhole)
    {
        var body = context.Features.Get<SentBody>();
        return HttpMethods.IsHead(context.Request.Method)
            || context.Response.StatusCode is StatusCodes.Status204NoContent or StatusCodes.Status304NotModified ? 0
            : isWhole && body is not { IsCut: true } && !context.RequestAborted.IsCancellationRequested
                && context.Response.ContentLength is { } length ? length
            : body?.Bytes ?? 0;
    }
}
