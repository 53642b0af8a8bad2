using RegistryProxy.Configuration;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Silo.Admin.Operations;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// <c>GET /admin/usage?tenant=T</c> and <c>GET /admin/audit?tenant=T[&amp;since=TIME]</c>: what a tenant's administrators see on its own
/// hosts; operators may have the lines of the audit log filtered (<see cref="AuditFilter"/>).
/// </summary>
internal sealed class ReportEndpoints(IConfigurationFeed configuration, TenantReports reports)
{
    public async Task Usage(HttpContext context)
    {
        var query = context.Request.QueryString.Value is { Length: > 1 } text ? text[1..] : "";
        if (await Read(context, "usage", query) is { } body)
        {
            context.Response.ContentType = "application/json";
            context.Response.Headers.CacheControl = "no-store";
            await context.Response.WriteAsync(body, context.RequestAborted);
        }
    }

    public async Task Audit(HttpContext context)
    {
        if (!AuditFilter.TryRead(context.Request.Query, out var filter, out var problem))
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, problem);
            return;
        }

        var since = context.Request.Query["since"].ToString();
        if (await Read(context, "audit", since.Length > 0 ? $"since={Uri.EscapeDataString(since)}" : "") is { } body)
        {
            await AdminReply.Json(context, filter.Of(body), OperationsJson.Default.AuditLines);
        }
    }

    /// <summary>What the tenant's administrators would read; <c>null</c> when an error was answered.</summary>
    private async ValueTask<string?> Read(HttpContext context, string path, string query)
    {
        var tenant = context.Request.Query["tenant"].ToString();
        if (await AdminReply.IsUnknown(context, configuration, tenant))
        {
            return null;
        }

        var reply = await reports.Read(tenant, path, query, context.RequestAborted);
        if (reply.Body is { } body)
        {
            return body.Reveal();
        }

        await AdminReply.Error(context, reply.Status, reply.Message);
        return null;
    }
}
