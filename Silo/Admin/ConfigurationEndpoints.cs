using System.Text;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Requests;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// <c>/admin/configuration?tenant=T</c>, <c>…/history</c> and <c>…/rollback</c>: the part of a managed tenant, as its administrators have
/// it on its own hosts.
/// </summary>
internal sealed class ConfigurationEndpoints(
    ClientAddress addresses, TenantReports reports, IConfigurationFeed configuration, AuditLog audit, TimeProvider time)
{
    /// <summary>The longest body, in bytes: as long as the file of a tenant may be.</summary>
    public const int MaxBody = 1024 * 1024;

    /// <summary>The requests of one path below <c>/admin/</c>.</summary>
    public RequestDelegate At(string path) => context => Handle(context, path);

    private async Task Handle(HttpContext context, string path)
    {
        var tenant = context.Request.Query["tenant"].ToString();
        if (await AdminReply.IsUnknown(context, configuration, tenant))
        {
            return;
        }

        var request = await Read(context, path);
        if (request is null)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, "the body is not UTF-8");
            return;
        }

        AdministrationReply reply;
        try
        {
            // It does not end with the request: what was begun is done, and has its line.
            reply = await reports.Change(tenant, request);
        }
        catch (Exception) when (!HttpMethods.IsGet(context.Request.Method))
        {
            Write(context, tenant, new AdministrationEvent(
                "administer", null, Action: request.Method, Reference: request.Path,
                Reason: "outcome unknown: the cluster or its state storage did not respond"));
            throw;
        }

        if (reply.Change is { } change)
        {
            Write(context, tenant, change);
        }

        await Answer(context, reply);
    }

    private static async ValueTask<AdministrationRequest?> Read(HttpContext context, string path)
    {
        string body;
        try
        {
            body = await WholeBodies.Read(context, MaxBody, BodyText.Utf8);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        return new AdministrationRequest
        {
            Token = new Secret(""),
            Method = context.Request.Method,
            Path = path,
            Query = context.Request.QueryString.Value is { Length: > 1 } query ? query[1..] : "",
            Body = body.Length > 0 ? new Secret(body) : null,
            IfMatch = context.Request.Headers.IfMatch is { Count: > 0 } tags ? tags.ToString() : null,
        };
    }

    private static async Task Answer(HttpContext context, AdministrationReply reply)
    {
        context.Response.Headers.ETag = reply.ETag;
        if (reply.Body is not { } text)
        {
            await AdminReply.Error(context, reply.Status, reply.Message);
            return;
        }

        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType ?? "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync(text.Reveal(), context.RequestAborted);
    }

    private void Write(HttpContext context, string tenant, AdministrationEvent change) => audit.Write(new AuditEvent
    {
        Time = time.GetUtcNow(),
        Event = change.Event,
        Tenant = tenant,
        Client = addresses.Of(context)?.ToString(),
        Action = change.Action,
        Reference = change.Reference,
        Reason = change.Reason,
    });
}
