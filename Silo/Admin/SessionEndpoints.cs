using RegistryProxy.Silo.Admin.Operations;
using RegistryProxy.Silo.Admin.Replies;
using System.Globalization;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// <c>GET /admin/sessions?tenant=T[&amp;search=TEXT][&amp;offset=N][&amp;limit=N]</c> and <c>POST /admin/sessions/revoke</c>
/// </summary>
internal sealed class SessionEndpoints(
    ClientAddress addresses, OperatorCalls calls, IConfigurationFeed configuration, AuditLog audit, TimeProvider time)
{
    /// <summary>How many sessions there are, listed or not.</summary>
    private const string TotalHeader = "X-Total-Count";

    /// <summary>How many are listed at once at most, and when nothing is said.</summary>
    private const int MaxListed = 1000;

    public async Task List(HttpContext context)
    {
        var tenant = context.Request.Query["tenant"].ToString();
        if (await AdminReply.IsUnknown(context, configuration, tenant))
        {
            return;
        }

        var (query, search, offset, limit) = (context.Request.Query, context.Request.Query["search"].ToString(), 0, MaxListed);
        if (!ListQuery.TryNumber(query, "limit", 1, MaxListed, ref limit)
            || !ListQuery.TryNumber(query, "offset", 0, int.MaxValue, ref offset) || search.Length > ITenantSessionsGrain.MaxSearch)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest,
                $"'limit' must be a number from 1 to {MaxListed}, 'offset' a number from 0 on, and 'search' at most " +
                $"{ITenantSessionsGrain.MaxSearch} characters: which of the newest sessions to list");
            return;
        }

        var list = await calls.Call<ITenantSessionsGrain, SessionList>(
            tenant, grain => grain.Find(search, offset, limit, context.RequestAborted));

        context.Response.Headers[TotalHeader] = list.Total.ToString(CultureInfo.InvariantCulture);
        await AdminReply.Json(context, list.Sessions, AdminJson.Default.IReadOnlyListSessionSummary);
    }

    public async Task Revoke(HttpContext context)
    {
        var (revocation, problem) = await Read(context);
        if (revocation is null)
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest, problem);
            return;
        }

        if (await AdminReply.IsUnknown(context, configuration, revocation.Tenant ?? ""))
        {
            return;
        }

        int count;
        try
        {
            // It does not end with the request: what was begun is done, and has its line.
            count = await calls.Call<ITenantSessionsGrain, int>(revocation.Tenant!, async tenant => revocation.Subject is { } subject
                ? await tenant.RevokeSubject(subject, CancellationToken.None)
                : await tenant.RevokeSession(revocation.Session!, CancellationToken.None) ? 1 : 0);
        }
        catch (Exception)
        {
            Write(context, revocation, null, "outcome unknown: the cluster or its state storage did not respond");
            throw;
        }

        Write(context, revocation, count, null);
        await AdminReply.Json(context, new RevocationReply(count, count == 0 ? WhyNone(revocation) : null),
            AdminJson.Default.RevocationReply);
    }

    private void Write(HttpContext context, Revocation revocation, int? count, string? reason) => audit.Write(new AuditEvent
    {
        Time = time.GetUtcNow(),
        Event = "revoke",
        Tenant = revocation.Tenant,
        Subject = revocation.Subject,
        Reference = revocation.Session,
        Client = addresses.Of(context)?.ToString(),
        Count = count,
        Reason = reason,
    });

    /// <summary>A session that had to leave the list is open all the same, and nothing but the list knows whose it is.</summary>
    private static string WhyNone(Revocation revocation) => revocation.Session is null
        ? "nobody of this name has a session"
        : "no session of this id is listed: it has ended, or the list was full and it had to leave it; revoke by tenant and subject " +
            "instead, which needs no list";

    private static async Task<(Revocation? Revocation, string Problem)> Read(HttpContext context)
    {
        var revocation = await AdminBody.Read(context, AdminJson.Default.Revocation);
        return revocation is { Tenant: not null } && (revocation.Subject is null) != (revocation.Session is null)
            ? (revocation, "")
            : (null, "the body must be JSON: {\"tenant\", \"subject\"} or {\"tenant\", \"session\"}");
    }
}
