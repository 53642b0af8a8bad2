using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Tokens;

/// <summary><c>GET /token/nonce?authenticator=NAME</c>: what a machine signs or presents so that its proof counts once.</summary>
internal sealed class NonceEndpoint(ClusterClient cluster)
{
    private const int Seconds = 60;

    public async Task<DistributionError?> Handle(HttpContext context, TokenService tokenService)
    {
        if (!QueryParameters.TryParse(
            new RawTarget(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget).Query, out var query)
            || !query.TryGetSingle("authenticator", out var authenticator) || authenticator is not { Length: > 0 and <= 128 })
        {
            return DistributionError.Unsupported("the query parameter authenticator is required: /token/nonce?authenticator=NAME", 400);
        }

        return await Answer(context, tokenService, authenticator);
    }

    private async Task<DistributionError?> Answer(HttpContext context, TokenService tokenService, string authenticator)
    {
        var nonce = await cluster.Call(
            (relay, stop) => relay.CreateNonce(tokenService.Tenant.Name, authenticator, stop), CallPolicy.Nonce, context.RequestAborted);
        if (nonce is null)
        {
            return DistributionError.NotFound("this tenant has no such token authenticator");
        }

        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.WriteAsync($$"""{"nonce":"{{nonce}}","expires_in":{{Seconds}}}""", context.RequestAborted);
        return null;
    }
}
