using Microsoft.Extensions.Primitives;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;

namespace RegistryProxy.Gateway.Authentication;

/// <summary>Finds the access token of a request and decides, locally, whether it is good for this tenant now.</summary>
internal sealed class BearerAuthentication(AccessTokenCache tokens, TimeProvider time)
{
    /// <summary>
    /// How far the clock of a gateway may be behind that of the silo that signed. It is the cluster's own tokens that are judged: one that
    /// begins later was not made to be kept until then.
    /// </summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>The longest that a token can be continued.</summary>
    private static readonly TimeSpan ContinuationLimit = TimeSpan.FromHours(12);

    public Authentication Authenticate(HttpRequest request, TokenService tokenService, FrontDoorMap map)
    {
        var header = request.Headers.Authorization;
        if (header.Count > 1)
        {
            return Authentication.Ambiguous;
        }

        if (StringValues.IsNullOrEmpty(header))
        {
            return Authentication.Missing;
        }

        var text = header.ToString();
        if (!text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return Authentication.Missing;
        }

        return tokens.Get(text, map) is { } token
            ? Classify(token, tokenService)
            : Authentication.Refused(null, "not a token of this cluster: its form, its key or its signature does not count here");
    }

    /// <summary>Whether the token of a request names a key that the map does not have.</summary>
    public static bool NamesUnknownKey(HttpRequest request, FrontDoorMap map) =>
        map.Verifier.NamesUnknownKey(request.Headers.Authorization.ToString()["Bearer ".Length..].Trim());

    /// <summary>Whether a request carries one token, and that is none of a cluster of this kind.</summary>
    public static bool IsForeign(HttpRequest request) =>
        request.Headers.Authorization is { Count: 1 } header && header.ToString() is var text
        && text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && AccessTokenVerifier.IsForeign(text["Bearer ".Length..].Trim());

    private Authentication Classify(AccessToken token, TokenService tokenService)
    {
        if (token.Tenant != tokenService.Tenant.Name)
        {
            return Authentication.Refused(null, "wrong audience: the token is one of another tenant");
        }

        if (token.Service != tokenService.Service)
        {
            return Authentication.Refused(token, $"wrong audience: the token is for {token.Service}");
        }

        return NotNow(token, time.GetUtcNow(), token.Use.IsOn(time)) is { } reason
            ? Authentication.Refused(token, reason) : new Authentication(AuthenticationStatus.Good, token);
    }

    /// <summary>Why a token does not count at a time; <c>null</c> when it does.</summary>
    /// <param name="token">The token.</param>
    /// <param name="now">The time here.</param>
    /// <param name="isInUse">Whether what it began has not ended.</param>
    internal static string? NotNow(AccessToken token, DateTimeOffset now, bool isInUse) =>
        now < token.NotBefore - Skew ? $"not valid yet: the token begins at {token.NotBefore:u}, and it is {now:u} here"
        : now < token.Expires || (now < token.IssuedAt + ContinuationLimit && isInUse) ? null
        : $"expired: the token ended at {token.Expires:u}, and it is {now:u} here";
}

/// <summary>What a request's credentials are worth.</summary>
/// <param name="Status">Whether they are good.</param>
/// <param name="Token">The token; of one that is not good, if it is one of this tenant that the cluster signed.</param>
/// <param name="Reason">Why they are not good, for operators.</param>
internal readonly record struct Authentication(AuthenticationStatus Status, AccessToken? Token, string? Reason = null)
{
    public static Authentication Missing => new(AuthenticationStatus.Missing, null);

    public static Authentication Refused(AccessToken? token, string reason) => new(AuthenticationStatus.Invalid, token, reason);

    public static Authentication Ambiguous => new(AuthenticationStatus.Ambiguous, null);
}

internal enum AuthenticationStatus
{
    Good,
    Missing,
    Invalid,

    /// <summary>More than one Authorization header.</summary>
    Ambiguous,
}
