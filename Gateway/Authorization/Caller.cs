using RegistryProxy.Gateway.AccessTokens;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Authorization;

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
