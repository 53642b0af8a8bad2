using System.Globalization;
using System.Text.Json;
using RegistryProxy.Gateway.Audit;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Tokens;

/// <summary><c>/token</c>: parse, ask the login grain, answer. Scopes that are not allowed are left out, never an error.</summary>
internal sealed class TokenEndpoint(
    ClusterClient cluster, ClientAddress clientAddress, TenantLimits limits, AuditTrail audit)
{
    public async Task<DistributionError?> Handle(HttpContext context, Site site)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, POST";
            return limits.AdmitStranger(site.Tenant, context) ?? DistributionError.Unsupported("the token endpoint takes GET and POST");
        }

        var (request, error) = await TokenRequestReader.Read(context);
        if (request is null)
        {
            return limits.AdmitStranger(site.Tenant, context) ?? Challenged(error!);
        }

        if (request.Service is { Length: > 0 } service && service != site.Service && service != new Uri(site.Realm).Authority)
        {
            return limits.AdmitStranger(site.Tenant, context) ?? DistributionError.Unsupported($"the service here is {site.Service}", 400);
        }

        if (Before(context, site, request) is { } tooSoon)
        {
            return tooSoon;
        }

        var result = await Login(context, site, request);
        audit.Login(context, site, request, result);
        if (After(context, site, request, result) is { } tooMany)
        {
            return tooMany;
        }

        if (result.Status != LoginStatus.Granted)
        {
            return Challenged(ErrorOf(result));
        }

        await Answer(context, result);
        return null;
    }

    /// <summary>Who logs in is counted when it is known who that is: many nodes may come from one address.</summary>
    private DistributionError? Before(HttpContext context, Site site, TokenRequest request) => request.Credentials.Kind switch
    {
        LoginCredentialsKind.Anonymous => limits.AdmitStranger(site.Tenant, context),
        LoginCredentialsKind.Password => limits.SpentBy(site.Tenant, request.Credentials.Name),
        _ => null,
    };

    private DistributionError? After(HttpContext context, Site site, TokenRequest request, LoginResult result)
    {
        if (request.Credentials.Kind == LoginCredentialsKind.Anonymous)
        {
            return null;
        }

        if (result.Status == LoginStatus.Granted)
        {
            var identity = new SessionKey(site.Tenant.Name, result.Authenticator, result.Subject).ToString();
            if (request.Credentials.Kind == LoginCredentialsKind.Password)
            {
                limits.Proved(site.Tenant, request.Credentials.Name, identity);
            }

            return limits.AdmitIdentity(site.Tenant, identity, result.Subject);
        }

        // Only of a token or code that was given out here it is said that nobody can judge it now: whatever else proved nothing is a stranger's.
        var isGivenOut = request.Credentials.Kind is LoginCredentialsKind.RefreshToken or LoginCredentialsKind.DeviceCode;
        return result.Status == LoginStatus.Unavailable && isGivenOut
            ? limits.AdmitUndecided(site.Tenant)
            : limits.AdmitStranger(site.Tenant, context);
    }

    private async Task<LoginResult> Login(HttpContext context, Site site, TokenRequest request)
    {
        try
        {
            var login = RequestOf(context, site, request);
            return await cluster.Call(
                (relay, stop) => relay.Login(login, stop), CallPolicy.Of(request.Credentials.Kind), context.RequestAborted);
        }
        catch (ClusterUnavailableException)
        {
            audit.Login(context, site, request, new LoginResult { Status = LoginStatus.Unavailable });
            throw;
        }
    }

    private LoginRequest RequestOf(HttpContext context, Site site, TokenRequest request) => new()
    {
        Tenant = site.Tenant.Name,
        Service = site.Service,
        Credentials = request.Credentials,
        Scopes = request.Scopes,
        Offline = request.Offline,
        NodeAgent = request.Client == TokenClient.NodeAgent,
        ClientAddress = clientAddress.Of(context)?.ToString() ?? "",
    };

    private static DistributionError ErrorOf(LoginResult result) => result.Status switch
    {
        LoginStatus.Rejected => DistributionError.Unauthorized(result.Message),
        LoginStatus.Throttled => DistributionError.TooManyRequests(result.Message, result.RetryAfterSeconds ?? 5),
        LoginStatus.Unavailable => DistributionError.Unavailable(503, result.Message, result.RetryAfterSeconds ?? 5),
        _ => DistributionError.Unsupported(result.Message, 400) with { OAuthError = result.DeviceError },
    };

    private static DistributionError Challenged(DistributionError error) => error.Status == StatusCodes.Status401Unauthorized
        ? error with { Challenge = "Basic realm=\"registryproxy\", charset=\"UTF-8\"" }
        : error;

    private static async Task Answer(HttpContext context, LoginResult result)
    {
        var token = result.AccessToken!.Reveal();
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new TokenReply
            {
                Token = token,
                AccessToken = token,
                ExpiresIn = result.ExpiresIn,
                IssuedAt = result.IssuedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
                Scope = string.Join(' ', result.Granted),
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
