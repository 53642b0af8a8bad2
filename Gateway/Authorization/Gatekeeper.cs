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

/// <summary>
/// Who asks, with the rules that are theirs now. Every question is answered from the token and from the rules: both must allow.
/// </summary>
internal sealed class Caller(AccessToken token, IReadOnlyList<GrantedRule> rules)
{
    private const int ShownLength = 80;

    public AccessToken Token => token;

    /// <summary>Names the owner of an upload: the identity, or nobody.</summary>
    public string Owner => token.Session?.Key ?? "";

    /// <summary>Whether the rules let this caller do something, whatever the token carries.</summary>
    public bool MayEver(RepositoryName repository, RepositoryActions actions) => (rules.ActionsOn(repository) & actions) == actions;

    /// <summary>The name of the first rule that grants something; <c>null</c> when several do only together.</summary>
    public string? RuleFor(RepositoryName repository, RepositoryActions actions)
    {
        foreach (var rule in rules)
        {
            if (rule.Grants(repository, actions))
            {
                return rule.Name;
            }
        }

        return null;
    }

    /// <summary><c>null</c> when the request may go on.</summary>
    /// <param name="repository">The public name.</param>
    /// <param name="needed">What the rules must grant.</param>
    /// <param name="carried">What the token must carry at least one of.</param>
    /// <param name="challenge">The actions to ask a token for.</param>
    public Refusal? Require(RepositoryName repository, RepositoryActions needed, RepositoryActions carried, RepositoryActions challenge)
    {
        if (!MayEver(repository, needed))
        {
            var names = string.Join(" and ", needed.Names());
            return Refuse($"{names} {repository}", $"{names} on {repository}", Scope.Of(repository, challenge));
        }

        return (token.ActionsOn(repository) & carried) == RepositoryActions.None ? Widen(Scope.Of(repository, challenge)) : null;
    }

    /// <summary><c>null</c> when the caller may list repositories.</summary>
    public Refusal? RequireCatalog()
    {
        if (!rules.GrantCatalog())
        {
            return Refuse("list repositories", "listing of repositories", Scope.Catalog);
        }

        return token.OpensCatalog ? null : Widen(Scope.Catalog);
    }

    private Refusal Refuse(string what, string done, Scope scope) => token.IsAnonymous
        ? new Refusal(
            DistributionError.Unauthorized($"{done} is not allowed without a login; run docker login first")
                with { Reason = $"Unauthorized: {Short(done)} is not allowed without a login" },
            scope.ToString(),
            Refusal.InsufficientScope) { Reason = $"rule needed: {what}", IsOfRules = true }
        : new Refusal(DistributionError.Denied($"{token.Subject} may not {what}; ask the operator of this registry for access")
            with { Reason = $"Forbidden: {Short(token.Subject)} may not {Short(what)}" })
        { Reason = $"rule needed: {what}", IsOfRules = true };

    private static Refusal Widen(Scope scope) => new(
        DistributionError.Unauthorized($"this token does not carry {scope}; ask the token endpoint for it"),
        scope.ToString(),
        Refusal.InsufficientScope) { Reason = $"scope lacking: {scope}" };

    /// <summary>So much of a text that the three that a status line names fit into it.</summary>
    private static string Short(string text) =>
        text.Length <= ShownLength ? text : $"{text.AsSpan(0, ShownLength / 2)}...{text.AsSpan(text.Length - (ShownLength / 2) + 3)}";
}
