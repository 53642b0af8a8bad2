using RegistryProxy.Configuration;
using RegistryProxy.Grains.Administration;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// <c>GET /admin/usage?tenant=T</c> and <c>GET /admin/audit?tenant=T[&amp;since=TIME]</c>: what a tenant's administrators see on its own
/// hosts.
/// </summary>
internal sealed class ReportEndpoints(IConfigurationFeed configuration, TenantReports reports)
{
    public Task Usage(HttpContext context) => Read(context, "usage");

    public Task Audit(HttpContext context) => Read(context, "audit");

    private async Task Read(HttpContext context, string path)
    {
        var tenant = context.Request.Query["tenant"].ToString();
        if (await AdminReply.IsUnknown(context, configuration, tenant))
        {
            return;
        }

        var query = context.Request.QueryString.Value is { Length: > 1 } text ? text[1..] : "";
        var reply = await reports.Read(tenant, path, query, context.RequestAborted);
        if (reply.Body is not { } body)
        {
            await AdminReply.Error(context, reply.Status, reply.Message);
            return;
        }

        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(body.Reveal(), context.RequestAborted);
    }
}
