using RegistryProxy.Configuration;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// <c>GET /admin/usage?tenant=T</c> and <c>GET /admin/audit?tenant=T[&amp;since=TIME]</c>: what a tenant's administrators see on its own
/// hosts.
/// </summary>
internal sealed class ReportEndpoints(IConfigurationFeed configuration, TenantReports reports)
{
    public Task Usage(HttpContext context) => Answer(context, "usage");

    public Task Audit(HttpContext context) => Answer(context, "audit");

    private async Task Answer(HttpContext context, string path)
    {
        var query = context.Request.QueryString.Value is { Length: > 1 } text ? text[1..] : "";
        if (await Read(context, path, query) is { } body)
        {
            context.Response.ContentType = "application/json";
            context.Response.Headers.CacheControl = "no-store";
            await context.Response.WriteAsync(body, context.RequestAborted);
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
