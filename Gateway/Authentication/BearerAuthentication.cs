using Microsoft.Extensions.Primitives;
using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;

namespace RegistryProxy.Gateway.Authentication;

/// <summary>Finds the access token of a request and decides, locally, whether it is good for this tenant now.</summary>
internal sealed class BearerAuthentication(AccessTokenCache tokens, TimeProvider time)
{
    /// <summary>Clocks of issuer and gateway may differ by this much.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    /// <summary>The longest that a token can be continued.</summary>
    private static readonly TimeSpan ContinuationLimit = TimeSpan.FromHours(12);

    public Authentication Authenticate(HttpRequest request, Site site, FrontDoorMap map)
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

        var token = tokens.Get(text, map);
        return token is not null && token.Tenant == site.Tenant.Name && token.Service == site.Service && IsInTime(token)
            ? new Authentication(AuthenticationStatus.Good, token)
            : Authentication.Invalid;
    }

    /// <summary>Whether the token of a request names a key that the map does not have.</summary>
    public static bool NamesUnknownKey(HttpRequest request, FrontDoorMap map) => map.Verifier.NamesUnknownKey(request.Headers.Authorization.ToString()["Bearer ".Length..].Trim());

    /// <summary>Whether a request carries one token, and that is none of a cluster of this kind.</summary>
    public static bool IsForeign(HttpRequest request) =>
        request.Headers.Authorization is { Count: 1 } header && header.ToString() is var text
        && text.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && AccessTokenVerifier.IsForeign(text["Bearer ".Length..].Trim());

    private bool IsInTime(AccessToken token)
    {
        var now = time.GetUtcNow();
        if (now < token.NotBefore - Skew)
        {
            return false;
        }

        return now < token.Expires
            || (now < token.IssuedAt + ContinuationLimit && token.Use.IsOn(time));
    }
}

/// <summary>What a request's credentials are worth.</summary>
internal readonly record struct Authentication(AuthenticationStatus Status, AccessToken? Token)
{
    public static Authentication Missing => new(AuthenticationStatus.Missing, null);

    public static Authentication Invalid => new(AuthenticationStatus.Invalid, null);

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
