using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Authorization;

/// <summary>Why a request goes no further, and the challenge that goes with a 401.</summary>
/// <param name="Error">What the client is told.</param>
/// <param name="Scope">The scope that would open the door, for the challenge; <c>null</c> for none.</param>
/// <param name="BearerError">An error code of RFC 6750 §3.1 for the challenge; <c>null</c> when no token was sent.</param>
/// <param name="Holder">The token, when it is good but nobody can say now whether its session is open.</param>
internal sealed record Refusal(DistributionError Error, string? Scope = null, string? BearerError = null, AccessToken? Holder = null)
{
    /// <summary>The token, when it is one of this tenant and is not good any more: who that was.</summary>
    public AccessToken? Known { get; init; }

    /// <summary>For operators; what the client is told is enough where it is <c>null</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the request was counted against the limits of its tenant already.</summary>
    public bool IsCounted { get; init; }

    /// <summary>Whether it is the rules that do not allow it.</summary>
    public bool IsOfRules { get; init; }

    /// <summary>Why, as one word.</summary>
    public string Kind => IsOfRules ? "rule"
        : BearerError == InvalidToken ? "token"
        : BearerError == InsufficientScope ? "scope"
        : Error.Status >= StatusCodes.Status500InternalServerError ? "undecided" : "credentials";

    public const string InvalidToken = "invalid_token";
    public const string InsufficientScope = "insufficient_scope";

    /// <summary>What a client of a tenant is told, with the challenge when it is a 401.</summary>
    public DistributionError At(TokenService tokenService) => Error.Status == StatusCodes.Status401Unauthorized
        ? Error with { Challenge = Challenge.Bearer(tokenService.Realm, tokenService.Service, Scope, BearerError) }
        : Error;
}
