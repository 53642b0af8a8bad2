using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Gateway.Authentication;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Authorization;

/// <summary>Turns a request into a caller: the token, checked locally, and the rules of its session.</summary>
internal sealed class Gatekeeper(BearerAuthentication authentication, DecisionCache decisions, UnknownKeys unknown)
{
    /// <summary>The caller, or why there is none; what a token should be asked for is the asker's to say.</summary>
    public async ValueTask<(Caller? Caller, Refusal? Refusal)> Identify(HttpContext context, TokenService tokenService, FrontDoorMap map)
    {
        var found = authentication.Authenticate(context.Request, tokenService, map);
        if (found.Status == AuthenticationStatus.Invalid && BearerAuthentication.NamesUnknownKey(context.Request, map)
            && await unknown.Newer(map, context) is { } newer)
        {
            // Another gateway was told of the key before this one.
            found = authentication.Authenticate(context.Request, tokenService, newer);
        }

        switch (found.Status)
        {
            case AuthenticationStatus.Ambiguous:
                return (null, new Refusal(DistributionError.Unsupported("more than one Authorization header", 400)));
            case AuthenticationStatus.Missing:
                return (null, new Refusal(DistributionError.Unauthorized("a token is required; get one from the token endpoint")));
            case AuthenticationStatus.Invalid:
                return (null, Ended(found.Token, found.Reason!));
        }

        return await Decide(found.Token!, tokenService, context.RequestAborted);
    }

    /// <summary>The caller of a good token, or why there is none: the session has ended, or nobody can say.</summary>
    public async ValueTask<(Caller? Caller, Refusal? Refusal)> Decide(
        AccessToken token, TokenService tokenService, CancellationToken cancellation)
    {
        if (token.Session is not { } session)
        {
            return (new Caller(token, tokenService.Tenant.AnonymousRules), null);
        }

        var decision = await decisions.Get(session, cancellation);
        if (decision is null)
        {
            return (null, Undecided(token, "the cluster does not respond, so this session cannot be checked"));
        }

        if (decision.Unavailable)
        {
            return (null, Undecided(
                token, "whether this session is still open cannot be decided now: the directory of its user does not answer"));
        }

        return decision.Open ? (new Caller(token, decision.Rules), null)
            : (null, Ended(token, "revoked: the session of this token has ended"));
    }

    /// <summary>
    /// Nobody, for a request that carries the token of another service, as clients with one credential for everything do: where anybody may
    /// pull.
    /// </summary>
    public static Caller? Stranger(HttpContext context, TokenService tokenService, RepositoryName repository) =>
        (tokenService.Tenant.AnonymousRules.ActionsOn(repository) & RepositoryActions.Pull) != RepositoryActions.None
        && BearerAuthentication.IsForeign(context.Request)
            ? new Caller(AccessToken.OfNobody(tokenService.Tenant.Name, tokenService.Service, Scope.Of(repository, RepositoryActions.Pull)),
                tokenService.Tenant.AnonymousRules)
            : null;

    /// <summary>Whoever has not logged in, with all that the rules give to anybody.</summary>
    public static Caller Anyone(TokenService tokenService) => new(
        AccessToken.OfNobody(tokenService.Tenant.Name, tokenService.Service, Scope.Catalog).Whole(), tokenService.Tenant.AnonymousRules);

    private static Refusal Undecided(AccessToken token, string why) =>
        new(DistributionError.Unavailable(503, why, 5)) { Holder = token, Reason = $"undecided: {why}" };

    private static Refusal Ended(AccessToken? known, string reason) => new(
        DistributionError.Unauthorized("the token is invalid, expired or revoked; log in again"), null, Refusal.InvalidToken)
    {
        Known = known,
        Reason = reason,
    };
}
