using RegistryProxy.Gateway.Administration;
using RegistryProxy.Gateway.Distribution;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Login;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.Pages;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Tokens;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway;

/// <summary>
/// What is served on the hosts of a tenant: the distribution API, tokens, logins, the key set, the administration of
/// the tenant and the page for people.
/// Whatever else is asked for is not there.
/// </summary>
internal sealed class TenantEndpoints(
    DistributionEndpoints distribution, TokenEndpoint tokens, NonceEndpoint nonces, LoginEndpoints logins,
    AdministrationEndpoint administration, PageEndpoints pages, TenantLimits limits)
{
    /// <summary>
    /// Answers, or returns the error for the client. Everything counts against the tenant's limits, once it is known for whom.
    /// </summary>
    public Task<DistributionError?> Handle(HttpContext context, ReadOnlySpan<char> path, TokenService tokenService, FrontDoorMap map)
    {
        var isDistribution = path.StartsWith("/v2/");
        if (isDistribution)
        {
            context.Response.Headers[DistributionErrorWriter.ApiVersionHeader] = "registry/2.0";
            PushedContent.Confine(context.Response.Headers);
        }

        var isPreflight = tokenService.Tenant.Cors.Count > 0 && (isDistribution || path is "/token")
            && CrossOrigin.Allow(context, tokenService.Tenant.Cors);
        return !IsOfAdministrators(path) && limits.Spent(tokenService.Tenant) is { } spent ? Task.FromResult<DistributionError?>(spent)
            : RequestBounds.Refuse(context.Request) is { } refused
                ? Refuse(context, tokenService, refused)
            : isPreflight ? Preflight(context, tokenService)
            : isDistribution ? distribution.Handle(context, tokenService, map)
            : path is "/token" ? tokens.Handle(context, tokenService)
            : path.StartsWith(AdministrationEndpoint.Path) && tokenService.Tenant.HasAdministrators
                ? administration.Handle(context, tokenService, map)
            : tokenService.Tenant.HasPage && PageEndpoints.Has(context, path) ? pages.Handle(context, path, tokenService, map)
            : Serve(context, path.ToString(), tokenService, map);
    }

    /// <summary>Where somebody may come who stops what floods the tenant: there it is looked who that is.</summary>
    internal static bool IsOfAdministrators(ReadOnlySpan<char> path) =>
        path is "/token" || path.StartsWith(AdministrationEndpoint.Path) || PageEndpoints.IsOfAdministrators(path);

    /// <summary>A preflight is a stranger's: browsers send it without credentials.</summary>
    private Task<DistributionError?> Preflight(HttpContext context, TokenService tokenService)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return limits.AdmitChallenged(tokenService.Tenant, context).AsTask();
    }

    /// <summary>As distribution has it: the API is at <c>/v2/</c>.</summary>
    private static Task<DistributionError?> ToBase(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
        context.Response.Headers.Location = "/v2/";
        return Task.FromResult<DistributionError?>(null);
    }

    private async Task<DistributionError?> Refuse(HttpContext context, TokenService tokenService, DistributionError error) =>
        await limits.AdmitStranger(tokenService.Tenant, context) ?? error;

    private async Task<DistributionError?> Serve(HttpContext context, string path, TokenService tokenService, FrontDoorMap map) =>
        await limits.AdmitStranger(tokenService.Tenant, context) ?? await Answer(context, path, tokenService, map);

    private Task<DistributionError?> Answer(HttpContext context, string path, TokenService tokenService, FrontDoorMap map)
    {
        if (LoginEndpoints.Has(path))
        {
            return logins.Handle(context, tokenService, path);
        }

        return path switch
        {
            "/v2" when HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method) => ToBase(context),
            "/token/nonce" when HttpMethods.IsGet(context.Request.Method) => nonces.Handle(context, tokenService),
            "/.well-known/jwks.json" when HttpMethods.IsGet(context.Request.Method) => KeySetEndpoint.Handle(context, map),
            _ => Task.FromResult<DistributionError?>(DistributionError.NotFound("not found; the registry API is at /v2/")),
        };
    }
}
