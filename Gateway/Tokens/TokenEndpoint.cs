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

/// <summary>A login, wherever its credentials came: what it is counted for before and after, and the question to the cluster.</summary>
internal sealed class Logins(ClusterClient cluster, ClientAddress clientAddress, TenantLimits limits, AuditTrail audit)
{
    /// <summary>
    /// Decides a login within the limits of its tenant, and writes it down. What was granted, or the error for whoever tried.
    /// </summary>
    public async Task<(LoginResult? Granted, DistributionError? Error)> Decide(
        HttpContext context, TokenService tokenService, TokenRequest request)
    {
        var administers = tokenService.Tenant.HasAdministrators && request.Administers.Contains(tokenService.Tenant.Name);
        if (tokenService.Tenant.IsUnusable && !administers)
        {
            return (null, await limits.AdmitStranger(tokenService.Tenant, context) ?? Tenant.Unusable);
        }

        if (limits.Spent(tokenService.Tenant) is { } spent && !(administers && limits.MayLogInToAdminister(tokenService.Tenant)))
        {
            return (null, spent);
        }

        if (await Before(context, tokenService, request) is { } tooSoon)
        {
            audit.Limited(context, tokenService, request, tooSoon);
            return (null, tooSoon);
        }

        var result = await LogIn(context, tokenService, request, context.RequestAborted);
        var tooMany = await After(context, tokenService, request, result);
        audit.Login(context, tokenService, request, result, tooMany);
        return tooMany is not null ? (null, tooMany)
            : result.Status == LoginStatus.Granted ? (result, null)
            : (null, ErrorOf(result));
    }

    /// <summary>Who logs in is counted when it is known who that is: many nodes may come from one address.</summary>
    public ValueTask<DistributionError?> Before(HttpContext context, TokenService tokenService, TokenRequest request) =>
        request.Credentials.Kind switch
    {
        LoginCredentialsKind.Anonymous => limits.AdmitStranger(tokenService.Tenant, context),
        LoginCredentialsKind.Password => new(limits.SpentBy(tokenService.Tenant, request.Credentials.Name)),
        _ => default,
    };

    /// <summary>Counts a login that is decided.</summary>
    public ValueTask<DistributionError?> After(HttpContext context, TokenService tokenService, TokenRequest request, LoginResult result)
    {
        if (request.Credentials.Kind == LoginCredentialsKind.Anonymous)
        {
            return default;
        }

        if (result.Status == LoginStatus.Granted)
        {
            var identity = new SessionKey(tokenService.Tenant.Name, result.Authenticator, result.Subject).ToString();
            if (request.Credentials.Kind == LoginCredentialsKind.Password)
            {
                limits.Proved(tokenService.Tenant, request.Credentials.Name, identity);
            }

            // Who stops what floods the tenant must not wait for it.
            return result.Administers ? default : limits.AdmitIdentity(tokenService.Tenant, identity, result.Subject);
        }

        // Only of a token or code that was given out here it is said that nobody can judge it now: whatever else proved nothing is a
        // stranger's.
        var isGivenOut = request.Credentials.Kind is LoginCredentialsKind.RefreshToken or LoginCredentialsKind.DeviceCode;
        return result.Status == LoginStatus.Unavailable && isGivenOut
            ? limits.AdmitUndecided(tokenService.Tenant)
            : limits.AdmitStranger(tokenService.Tenant, context);
    }

    /// <summary>Asks the cluster.</summary>
    public async Task<LoginResult> LogIn(
        HttpContext context, TokenService tokenService, TokenRequest request, CancellationToken cancellation)
    {
        try
        {
            return await LogIn(RequestOf(context, tokenService, request), cancellation);
        }
        catch (Exception fault) when (fault is ClusterUnavailableException or OperationCanceledException)
        {
            // Who does not wait for the answer is counted as one who proved nothing.
            var undecided = new LoginResult { Status = LoginStatus.Unavailable };
            audit.Login(context, tokenService, request, undecided);
            await After(context, tokenService, request, undecided);
            throw;
        }
    }

    /// <summary>Asks the cluster for a request that may be over before the answer comes.</summary>
    public Task<LoginResult> LogIn(LoginRequest login, CancellationToken cancellation) => cluster.Call(
        (relay, stop) => relay.Login(login, stop), CallPolicy.Of(login.Credentials.Kind), cancellation);

    /// <summary>The question to the cluster.</summary>
    public LoginRequest RequestOf(HttpContext context, TokenService tokenService, TokenRequest request) => new()
    {
        Tenant = tokenService.Tenant.Name,
        Service = tokenService.Service,
        Credentials = request.Credentials,
        Scopes = request.Scopes,
        Offline = request.Offline,
        NodeAgent = request.Client == TokenClient.NodeAgent,
        Administers = request.Administers.Contains(tokenService.Tenant.Name),
        ClientAddress = clientAddress.Of(context)?.ToString() ?? "",
        MaxLifetime = (int?)request.MaxLifetime?.TotalSeconds,
    };

    /// <summary>What the client of a login that failed is told.</summary>
    public static DistributionError ErrorOf(LoginResult result) => result.Status switch
    {
        LoginStatus.Rejected => DistributionError.Unauthorized(result.Message),
        LoginStatus.Throttled => DistributionError.TooManyRequests(result.Message, result.RetryAfterSeconds ?? 5),
        LoginStatus.Unavailable => DistributionError.Unavailable(503, result.Message, result.RetryAfterSeconds ?? 5),
        _ => DistributionError.Unsupported(result.Message, 400) with { OAuthError = result.DeviceError },
    };
}
