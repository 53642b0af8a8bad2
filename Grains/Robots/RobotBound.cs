using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Robots;

/// <summary>
/// A robot may no more than who makes it: neither by what it is made for, nor by rules of the tenant that are for a robot of its name.
/// </summary>
internal static class RobotBound
{
    /// <summary>How often a pattern is compared with another at most: administrators write patterns, too.</summary>
    public const int MaxComparisons = 1_000_000;

    private const string Why = ", and a robot may no more than who makes it or gets its secret";

    private static readonly RepositoryActions[] Each =
        [RepositoryActions.Pull, RepositoryActions.Push, RepositoryActions.Delete, RepositoryActions.Catalog];

    /// <summary>
    /// What of a robot is beyond what rules give, each pattern below one of theirs; <c>null</c> when nothing is.
    /// </summary>
    /// <param name="tenant">Whose robot it is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="repositories">Where it may do something by itself.</param>
    /// <param name="actions">What it may do there.</param>
    /// <param name="rules">What somebody may.</param>
    public static string? Refuse(
        TenantConfiguration tenant, string name, IReadOnlyList<RepositoryPattern> repositories, RepositoryActions actions,
        IReadOnlyList<GrantedRule> rules)
    {
        var robot = new VerifiedIdentity(
            AuthenticatorConfiguration.Robot, RobotName.UserOf(name), [], new Dictionary<string, string>(), "");
        var named = AccessRules.Match(tenant, robot);
        if (Count(rules) * (repositories.Count + Count(named)) > MaxComparisons)
        {
            return $"there are too many patterns in access rules for you and for robot:{name} to compare them all; give fewer, or ask " +
                "the operator for this robot";
        }

        return Beyond(repositories, actions, rules) is var (action, pattern)
                ? $"no access rule lets you {action} all of '{pattern}'{Why}"
            : named.Select(rule => (rule.Name, Excess: Beyond(rule.Repositories, rule.Actions, rules)))
                .FirstOrDefault(rule => rule.Excess is not null) is (var by, var (given, where))
                ? $"access rule '{by}' lets robot:{name} {given} all of '{where}', which no access rule lets you{Why}; choose another name"
            : null;
    }

    private static long Count(IReadOnlyList<GrantedRule> rules) => rules.Sum(rule => (long)rule.Repositories.Count);

    private static (string Action, RepositoryPattern Pattern)? Beyond(
        IReadOnlyList<RepositoryPattern> repositories, RepositoryActions actions, IReadOnlyList<GrantedRule> rules)
    {
        foreach (var pattern in repositories)
        {
            var known = RepositoryActions.None;
            foreach (var rule in rules.TakeWhile(_ => (known & actions) != actions))
            {
                known |= (rule.Actions | known) != known && rule.Repositories.Any(mine => mine.Covers(pattern))
                    ? rule.Actions : RepositoryActions.None;
            }

            if ((actions & ~known) is var lacking and not RepositoryActions.None)
            {
                return (Each.First(action => lacking.HasFlag(action)).Names()[0], pattern);
            }
        }

        return null;
    }
}
