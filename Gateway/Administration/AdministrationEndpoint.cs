using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Audit;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Administration;

/// <summary>
/// <c>/admin/…</c> on a tenant's own host. Who shows a good token with the scope is passed on to the cluster, token and all, which decides;
/// a gateway itself can administer nothing.
/// </summary>
internal sealed class AdministrationEndpoint(Gatekeeper gatekeeper, ClusterClient cluster, TenantLimits limits, AuditTrail audit)
{
    public const string Path = "/admin/";

    public async Task<DistributionError?> Handle(HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        var scope = AdministrationScope.Of(tokenService.Tenant.Name);
        var (caller, refusal) = await gatekeeper.Identify(context, tokenService, map);
        if (caller is null)
        {
            return limits.AdmitStranger(tokenService.Tenant, context) ?? (refusal! with { Scope = scope }).At(tokenService);
        }

        if (limits.Admit(tokenService.Tenant, caller, context) is { } tooMany)
        {
            return tooMany;
        }

        if (!caller.Token.Administers)
        {
            return new Refusal(
                DistributionError.Unauthorized("this token does not open the administration of this tenant; log in anew for its scope"),
                scope, Refusal.InsufficientScope).At(tokenService);
        }

        var (body, error) = await AdministrationBody.Read(context);
        return error ?? await Ask(context, tokenService, caller.Token, body);
    }

    private async Task<DistributionError?> Ask(HttpContext context, TokenService tokenService, AccessToken token, string? body)
    {
        var target = new RawTarget(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
        var request = new AdministrationRequest
        {
            Token = new Secret(context.Request.Headers.Authorization.ToString()["Bearer ".Length..].Trim()),
            Method = context.Request.Method,
            Path = target.Path[Path.Length..].ToString(),
            Query = target.Query.ToString(),
            Body = body is { Length: > 0 } text ? new Secret(text) : null,
        };
        AdministrationReply reply;
        try
        {
            // It does not end with the request: what was begun is done, and has its line.
            reply = await cluster.CallOnce(
                (grains, stop) => grains.GetGrain<ITenantAdministrationGrain>(tokenService.Tenant.Name).Handle(request, stop),
                CallPolicy.Administration, CancellationToken.None);
        }
        catch (ClusterUnavailableException) when (!HttpMethods.IsGet(request.Method))
        {
            audit.Administered(context, tokenService, token, new AdministrationEvent(
                "administer", null, Action: request.Method, Reference: request.Path,
                Reason: "outcome unknown: the cluster or its state storage did not respond"));
            throw;
        }

        if (reply.Change is { } change)
        {
            audit.Administered(context, tokenService, token, change);
        }

        return await Answer(context, tokenService, reply);
    }

    private static async Task<DistributionError?> Answer(HttpContext context, TokenService tokenService, AdministrationReply reply)
    {
        if (reply.Body is not { } body)
        {
            context.Response.Headers.Allow = reply.Allow;
            return ErrorOf(reply, tokenService);
        }

        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        if (reply.Total is { } total)
        {
            context.Response.Headers["X-Total-Count"] = total.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await context.Response.WriteAsync(body.Reveal(), context.RequestAborted);
        return null;
    }

    private static DistributionError ErrorOf(AdministrationReply reply, TokenService tokenService) => reply.Status switch
    {
        401 => new Refusal(
            DistributionError.Unauthorized(reply.Message), AdministrationScope.Of(tokenService.Tenant.Name), Refusal.InvalidToken)
            .At(tokenService),
        403 => DistributionError.Denied(reply.Message),
        404 => DistributionError.NotFound(reply.Message),
        503 => DistributionError.Unavailable(503, reply.Message, 5),
        var status => DistributionError.Unsupported(reply.Message, status),
    };
}
