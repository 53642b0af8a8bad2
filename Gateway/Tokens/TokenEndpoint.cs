using System.Globalization;
using System.Text.Json;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Tokens;

/// <summary><c>/token</c>: parse, ask the login grain, answer. Scopes that are not allowed are left out, never an error.</summary>
internal sealed class TokenEndpoint(Logins logins, TenantLimits limits)
{
    public async Task<DistributionError?> Handle(HttpContext context, TokenService tokenService)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, POST";
            return await limits.AdmitStranger(tokenService.Tenant, context)
                ?? DistributionError.Unsupported("the token endpoint accepts GET and POST");
        }

        var (request, error) = await TokenRequestReader.Read(context);
        if (request is null)
        {
            return await limits.AdmitStranger(tokenService.Tenant, context) ?? Challenged(error!);
        }

        if (request.Service is { Length: > 0 } service && service != tokenService.Service && service != tokenService.Authority)
        {
            return await limits.AdmitStranger(tokenService.Tenant, context)
                ?? DistributionError.Unsupported($"the service here is {tokenService.Service}", 400);
        }

        var (result, refusal) = await logins.Decide(context, tokenService, request);
        if (result is null)
        {
            return Challenged(refusal!);
        }

        await Answer(context, tokenService, result, request.Credentials.Kind == LoginCredentialsKind.Assertion);
        return null;
    }

    private static DistributionError Challenged(DistributionError error) => error.Status == StatusCodes.Status401Unauthorized
        ? error with { Challenge = "Basic realm=\"registryproxy\", charset=\"UTF-8\"" }
        : error;

    private static IEnumerable<string> Scopes(TokenService tokenService, LoginResult result)
    {
        var scopes = result.Granted.Select(scope => scope.ToString());
        return result.Administers ? scopes.Append(AdministrationScope.Of(tokenService.Tenant.Name)) : scopes;
    }

    private static async Task Answer(HttpContext context, TokenService tokenService, LoginResult result, bool isExchange)
    {
        var isForm = HttpMethods.IsPost(context.Request.Method);
        var token = result.AccessToken!.Reveal();
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new TokenReply
            {
                Token = token,
                AccessToken = token,
                ExpiresIn = result.ExpiresIn,
                IssuedAt = result.IssuedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                Scope = string.Join(' ', Scopes(tokenService, result)),
                TokenType = isForm ? "Bearer" : null,
                IssuedTokenType = isForm && isExchange ? "urn:ietf:params:oauth:token-type:access_token" : null,
                RefreshToken = result.RefreshToken?.Reveal(),
                RefreshExpiresIn = result.RefreshExpiresIn,
            },
            TokenReplyJson.Default.TokenReply);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
