using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>One access rule that matched an identity: what it grants, where.</summary>
[GenerateSerializer, Immutable, Alias("rp.granted-rule")]
public sealed record GrantedRule(
    [property: Id(0)] string Name,
    [property: Id(1)] IReadOnlyList<RepositoryPattern> Repositories,
    [property: Id(2)] RepositoryActions Actions)
{
    /// <summary>Whether this rule grants all of <paramref name="actions"/> on the repository.</summary>
    public bool Grants(RepositoryName repository, RepositoryActions actions) =>
        (Actions & actions) == actions && MatchesRepository(repository);

    /// <summary>Whether any of the rule's patterns matches the repository.</summary>
    public bool MatchesRepository(RepositoryName repository)
    {
        for (var i = 0; i < Repositories.Count; i++)
        {
            if (Repositories[i].Matches(repository))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>Questions to a set of rules; the union of them is granted.</summary>
public static class GrantedRules
{
    /// <summary>The actions that the rules grant on a repository, together.</summary>
    public static RepositoryActions ActionsOn(this IReadOnlyList<GrantedRule> rules, RepositoryName repository)
    {
        var actions = RepositoryActions.None;
        for (var i = 0; i < rules.Count; i++)
        {
            if ((rules[i].Actions | actions) != actions && rules[i].MatchesRepository(repository))
            {
                actions |= rules[i].Actions;
            }
        }

        return actions;
    }

    /// <summary>Whether any rule grants listing of repositories.</summary>
    public static bool GrantCatalog(this IReadOnlyList<GrantedRule> rules) =>
        rules.Any(rule => rule.Actions.HasFlag(RepositoryActions.Catalog));
}
