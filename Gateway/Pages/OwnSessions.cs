using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Audit;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.PageSessions;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Pages;

/// <summary><c>/page/sessions</c>: the sessions of whoever asks, and their end.</summary>
internal sealed class OwnSessions(PageVisitors visitors, ClusterClient cluster, TenantLimits limits, AuditTrail audit)
{
    public const string Path = "/page/sessions";
    public const string RevokePath = "/page/sessions/revoke";

    private static readonly DistributionError NobodyYet = DistributionError.Unauthorized("log in first: sessions belong to a user");

    /// <summary>The newest of them.</summary>
    public async Task<DistributionError?> List(HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        var (session, _, error) = await Identify(context, tokenService, map);
        if (session is null)
        {
            return error;
        }

        var own = await cluster.CallOnce(
            (grains, stop) => grains.GetGrain<ISessionGrain>(session.Key).ListOwn(session.Id, session.Generation, stop),
            CallPolicy.OwnSessions, context.RequestAborted);
        return await PageReplies.Json(
            context,
            [.. own.Select(one => new PageOwnSession(
                one.Session, one.Opened, one.Expires, one.ClientAddress, one.Refreshable, one.Session == session.Id))],
            PageJson.Default.PageOwnSessionArray);
    }

    /// <summary>Ends one of them.</summary>
    public async Task<DistributionError?> Revoke(HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        var (session, caller, error) = await Identify(context, tokenService, map);
        if (session is null)
        {
            return error;
        }

        (var order, error) = await PageReplies.Read(context, PageJson.Default.PageRevocation);
        if (order is null)
        {
            return error;
        }

        var ended = await End(context, tokenService, caller!.Token, order.Session);
        if (order.Session == session.Id)
        {
            PageCookies.Clear(context, PageCookies.Visitor);
            PageCookies.Clear(context, PageCookies.Administration);
        }

        return await PageReplies.Json(context, new PageRevoked(ended), PageJson.Default.PageRevoked);
    }

    /// <summary>Ends one of the sessions of a token's identity, and writes it down; how many were ended.</summary>
    public async Task<int> End(HttpContext context, TokenService tokenService, AccessToken token, string session)
    {
        var own = token.Session!;

        // It does not end with the request: what was begun is done, and has its line.
        var ended = await cluster.CallOnce(
            (grains, stop) => grains.GetGrain<ISessionGrain>(own.Key).EndOwn(own.Id, own.Generation, session, stop),
            CallPolicy.OwnSessions, CancellationToken.None);
        if (ended)
        {
            audit.Ended(context, tokenService, token, session);
        }

        return ended ? 1 : 0;
    }

    private async ValueTask<(SessionReference? Session, Caller? Caller, DistributionError? Error)> Identify(
        HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        var (caller, refusal) = await visitors.Identify(context, tokenService, map);
        if (caller is null)
        {
            return (null, null, refusal!.IsCounted ? refusal.Error
                : await limits.AdmitStranger(tokenService.Tenant, context) ?? refusal.Error);
        }

        return await limits.Admit(tokenService.Tenant, caller, context) is { } tooMany ? (null, null, tooMany)
            : (caller.Token.Session, caller, caller.Token.Session is null ? NobodyYet : null);
    }
}
