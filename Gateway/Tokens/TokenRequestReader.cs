using System.Text;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Tokens;

/// <summary>
/// Reads both forms of a token request: the query (distribution, spec/auth/token.md) and the OAuth2 body (oauth.md, RFC 8628, RFC 8693).
/// </summary>
internal static class TokenRequestReader
{
    /// <summary>The longest body, in bytes.</summary>
    private const int MaxBody = 64 * 1024;

    private static readonly DistributionError Malformed =
        DistributionError.Unsupported("the token request is malformed: a parameter is repeated or broken", 400);

    /// <summary>Reads the request; exactly one of the two results is set.</summary>
    public static async ValueTask<(TokenRequest? Request, DistributionError? Error)> Read(HttpContext context)
    {
        var (request, error) = await ReadAny(context);
        return request is not null && LoginBounds.Refuse(request) is { } refusal ? (null, refusal) : (request, error);
    }

    private static async ValueTask<(TokenRequest? Request, DistributionError? Error)> ReadAny(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method))
        {
            var target = new RawTarget(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);
            return QueryParameters.TryParse(target.Query, out var query)
                ? ReadQuery(context.Request, query)
                : (null, Malformed);
        }

        if (context.Request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) != true)
        {
            return (null, DistributionError.Unsupported("the token request must be application/x-www-form-urlencoded", 415));
        }

        var (body, error) = await ReadBody(context);
        return error is not null ? (null, error)
            : QueryParameters.TryParse(body, out var form) ? ReadForm(form)
            : (null, Malformed);
    }

    private static (TokenRequest?, DistributionError?) ReadQuery(HttpRequest request, QueryParameters query)
    {
        if (!TryReadCommon(query, out var scopes, out var offline, out var service, out var client))
        {
            return (null, Malformed);
        }

        return BasicCredentials.Read(request) is { } credentials
            ? (new TokenRequest(credentials, scopes, offline, service, client) { Administers = Administered(query) }, null)
            : (null, DistributionError.Unauthorized("the Authorization header must be Basic base64(user:password)"));
    }

    private static (TokenRequest?, DistributionError?) ReadForm(QueryParameters form)
    {
        if (!TryReadCommon(form, out var scopes, out var offline, out var service, out var client)
            || !form.TryGetSingle("grant_type", out var grant))
        {
            return (null, Malformed);
        }

        LoginCredentials? credentials = grant switch
        {
            "password" when form.TryGetSingle("username", out var user) && form.TryGetSingle("password", out var password) =>
                TokenRequest.CredentialsOf(user ?? "", password ?? ""),
            "refresh_token" when form.TryGetSingle("refresh_token", out var token) && token is not null =>
                new(LoginCredentialsKind.RefreshToken, "", new Secret(token)),
            "urn:ietf:params:oauth:grant-type:device_code" when form.TryGetSingle("device_code", out var code) && code is not null =>
                new(LoginCredentialsKind.DeviceCode, "", new Secret(code)),
            "urn:ietf:params:oauth:grant-type:token-exchange" when form.TryGetSingle("subject_token", out var token) && token is not null
                && form.TryGetSingle("subject_token_type", out var type)
                && type?.StartsWith(TokenFields.SubjectTokenType, StringComparison.Ordinal) == true =>
                new(LoginCredentialsKind.Assertion, type[TokenFields.SubjectTokenType.Length..], new Secret(token)),
            _ => null,
        };
        return credentials is null
            ? (null, DistributionError.Unsupported(
                "grant_type must be password, refresh_token, device_code or token-exchange, with its fields", 400))
            : (new TokenRequest(credentials, scopes, offline, service, client) { Administers = Administered(form) }, null);
    }

    private static IReadOnlyList<string> Administered(QueryParameters parameters) =>
        AdministrationScope.ParseAll(parameters.All("scope"));

    private static bool TryReadCommon(
        QueryParameters parameters, out IReadOnlyList<Scope> scopes, out bool offline, out string? service, out string? client)
    {
        offline = false;
        service = client = null;
        scopes = Scope.ParseAll(parameters.All("scope"));
        if (!parameters.TryGetSingle("service", out service)
            || !parameters.TryGetSingle("offline_token", out var token) || !parameters.TryGetSingle("access_type", out var access)
            || !parameters.TryGetSingle("client_id", out client))
        {
            return false;
        }

        offline = token is "true" or "1" || access == "offline";
        return true;
    }

    private static async ValueTask<(string? Body, DistributionError? Error)> ReadBody(HttpContext context)
    {
        try
        {
            return (await WholeBodies.Read(context, MaxBody, Encoding.ASCII.GetString), null);
        }
        catch (UnreadableBodyException fault)
        {
            return (null, BodyFaults.Tell(context, fault));
        }
        catch (IOException)
        {
            RequestRules.EndConnection(context);
            return (null, Malformed);
        }
    }
}

/// <summary>How long what a caller presents may be, in characters; what is longer is refused before anybody is asked about it.</summary>
internal static class LoginBounds
{
    public const int MaxUserName = 256;

    /// <summary>Far beyond what people have; bcrypt takes 72 bytes.</summary>
    public const int MaxPassword = 4096;

    /// <summary>The name of an authenticator or a client.</summary>
    public const int MaxName = 128;

    /// <summary>Credential text of a machine or workload: a signed document, a presigned request or a JWT.</summary>
    public const int MaxAssertion = 48 * 1024;

    /// <summary>A refresh token or device code of ours.</summary>
    public const int MaxIssued = 4096;

    /// <summary>The name of the service: a host and port.</summary>
    public const int MaxService = 261;

    /// <summary>Why a request goes no further; <c>null</c> when it may.</summary>
    public static DistributionError? Refuse(TokenRequest request)
    {
        var (kind, name, secret) = request.Credentials;
        var (maxName, maxSecret) = kind switch
        {
            LoginCredentialsKind.Password => (MaxUserName, MaxPassword),
            LoginCredentialsKind.Assertion => (MaxName, MaxAssertion),
            _ => (MaxName, MaxIssued),
        };
        return name.Length > maxName ? TooLong("the user name", maxName)
            : secret?.Reveal().Length > maxSecret ? TooLong("the password or token", maxSecret)
            : request.Service?.Length > MaxService ? TooLong("the service", MaxService)
            : request.Client?.Length > MaxName ? TooLong("client_id", MaxName)
            : null;
    }

    private static DistributionError TooLong(string what, int length) =>
        DistributionError.Unsupported($"{what} is longer than {length} characters", StatusCodes.Status400BadRequest);
}
