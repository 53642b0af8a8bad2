using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.ServiceDefaults.Telemetry;

namespace RegistryProxy.Gateway.Telemetry;

/// <summary>
/// The span of a request: named by what it is for, with its tenant and its upstream. Costs nothing while nothing is traced.
/// </summary>
internal static class RequestSpan
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    /// <summary>A request of a tenant begins.</summary>
    public static void Name(HttpContext context, string tenant, ServedOperation operation)
    {
        if (SpanOf(context) is { } span)
        {
            span.DisplayName = NameOf(context.Request.Method, operation);
            span.SetTag(SpanTags.Tenant, tenant);
        }
    }

    /// <summary>It is for a repository of an upstream.</summary>
    public static void For(HttpContext context, string upstream) => SpanOf(context)?.SetTag(SpanTags.Upstream, upstream);

    /// <summary>Such as <c>GET manifest</c>; a method that is none of HTTP's is no part of a name.</summary>
    public static string NameOf(string method, ServedOperation operation) =>
        $"{(Methods.Contains(method) ? method : "HTTP")} {operation.Resource}";

    private static Activity? SpanOf(HttpContext context) =>
        TelemetryExport.IsOn ? context.Features.Get<IHttpActivityFeature>()?.Activity : null;
}
