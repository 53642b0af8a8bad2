using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Robots;

/// <summary>A robot may no more than who makes it.</summary>
internal static class RobotBound
{
    private static readonly RepositoryActions[] Each =
        [RepositoryActions.Pull, RepositoryActions.Push, RepositoryActions.Delete, RepositoryActions.Catalog];

    /// <summary>What of a robot is beyond what rules give, each pattern below one of theirs; <c>null</c> when nothing is.</summary>
    public static string? Refuse(IReadOnlyList<RepositoryPattern> repositories, RepositoryActions actions, IReadOnlyList<GrantedRule> rules)
    {
        foreach (var action in Each.Where(action => actions.HasFlag(action)))
        {
            var beyond = repositories.FirstOrDefault(pattern => !rules.Any(
                rule => rule.Actions.HasFlag(action) && rule.Repositories.Any(known => known.Covers(pattern))));
            if (beyond is not null)
            {
                return $"no access rule lets you {action.Names()[0]} all of '{beyond}', and a robot may no more than who makes it or " +
                    "gets its secret";
            }
        }

        return null;
    }
}
