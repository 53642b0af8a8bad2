using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Robots;

/// <summary>What a robot may be.</summary>
internal static class RobotCheck
{
    /// <summary>What is said of too many patterns, or none.</summary>
    public static readonly string Repositories =
        $"repositories: must be 1 to {RobotOrder.MaxRepositories} patterns; empty never means all";

    /// <summary>How far the clock of who says when it ends may be behind.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>Why there can be no such robot; <c>null</c> when there can.</summary>
    public static string? Refuse(RobotOrder order, DateTimeOffset now) =>
        !RobotName.IsGood(order.Name)
            ? $"name: must be 1 to {RobotName.MaxLength} letters, digits, '-', '_' and '.', beginning with a letter or digit"
        : order.Repositories.Count is 0 or > RobotOrder.MaxRepositories
            ? Repositories
        : order.Actions == RepositoryActions.None ? "actions: must be some of pull, push, delete and catalog; empty never means all"
        : Refuse(order.Expires, now);

    /// <summary>Why a robot cannot end then; <c>null</c> when it can.</summary>
    public static string? Refuse(DateTimeOffset expires, DateTimeOffset now) =>
        expires <= now ? "expires: is over already"
        : expires > now.AddYears(RobotOrder.MaxYears) + Skew ? "expires: must be within a year"
        : null;
}
