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
        var path = Target(context).Path[Path.Length..].ToString();
        var (caller, refusal) = await gatekeeper.Identify(context, tokenService, map);
        var tooMany = caller is null ? await limits.AdmitStranger(tokenService.Tenant, context)
            : caller.Token.Administers ? await limits.AdmitAdministrator(tokenService.Tenant, caller, context)
            : await limits.Admit(tokenService.Tenant, caller, context);
        if (tooMany is not null)
        {
            audit.Limited(context, tokenService, path, caller?.Token, tooMany);
            return tooMany;
        }

        if (caller is null || !caller.Token.Administers)
        {
            refusal = caller is null ? refusal! with { Scope = scope } : new Refusal(
                DistributionError.Unauthorized($"this token lacks the scope {scope}; log in again and request it"),
                scope, Refusal.InsufficientScope);
            audit.Refused(context, tokenService, path, caller?.Token, refusal);
            return refusal.At(tokenService);
        }

        var (body, error) = await AdministrationBody.Read(context, path);
        return error ?? await Ask(context, tokenService, caller.Token, body);
    }

    private static RawTarget Target(HttpContext context) => new(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);

    private async Task<DistributionError?> Ask(HttpContext context, TokenService tokenService, AccessToken token, string? body)
    {
        var target = Target(context);
        var request = new AdministrationRequest
        {
            Token = new Secret(context.Request.Headers.Authorization.ToString()["Bearer ".Length..].Trim()),
            Method = context.Request.Method,
            Path = target.Path[Path.Length..].ToString(),
            Query = target.Query.ToString(),
            Body = body is { Length: > 0 } text ? new Secret(text) : null,
            IfMatch = context.Request.Headers.IfMatch is { Count: > 0 } tags ? tags.ToString() : null,
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

        if (reply.Body is null && RefusalOf(reply, tokenService) is { } refusal)
        {
            audit.Refused(context, tokenService, request.Path, token, refusal);
            return refusal.At(tokenService);
        }

        return await Answer(context, reply);
    }

    private static async Task<DistributionError?> Answer(HttpContext context, AdministrationReply reply)
    {
        context.Response.Headers.ETag = reply.ETag;
        if (reply.Body is not { } body)
        {
            context.Response.Headers.Allow = reply.Allow;
            return ErrorOf(reply);
        }

        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = reply.ContentType ?? "application/json";
        context.Response.Headers.CacheControl = "no-store";
        if (reply.Total is { } total)
        {
            context.Response.Headers["X-Total-Count"] = total.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await context.Response.WriteAsync(body.Reveal(), context.RequestAborted);
        return null;
    }

    /// <summary>Of an answer that refuses the one who asks; <c>null</c> of every other.</summary>
    private static Refusal? RefusalOf(AdministrationReply reply, TokenService tokenService) => reply.Status switch
    {
        StatusCodes.Status401Unauthorized => new Refusal(
            DistributionError.Unauthorized(reply.Message), AdministrationScope.Of(tokenService.Tenant.Name), Refusal.InvalidToken),
        StatusCodes.Status403Forbidden => new Refusal(DistributionError.Denied(reply.Message)) { IsOfRules = true },
        _ => null,
    };

    private static DistributionError ErrorOf(AdministrationReply reply) => reply.Status switch
    {
        404 => DistributionError.NotFound(reply.Message),
        429 => DistributionError.TooManyRequests(reply.Message, 2),
        503 => DistributionError.Unavailable(503, reply.Message, 5),
        var status => DistributionError.Unsupported(reply.Message, status),
    };
}
