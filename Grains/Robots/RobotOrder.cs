using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Robots;

/// <summary>A robot that is wanted.</summary>
/// <param name="Name">1 to 63 letters, digits, <c>-</c>, <c>_</c> and <c>.</c>.</param>
/// <param name="Repositories">Where it may do something, at least one.</param>
/// <param name="Actions">What it may do there, at least one.</param>
/// <param name="Expires">When it ends; within a year.</param>
/// <param name="CreatedBy">Who wants it, for people.</param>
[GenerateSerializer, Immutable, Alias("rp.robot-order")]
public sealed record RobotOrder(
    [property: Id(0)] string Name, [property: Id(1)] IReadOnlyList<RepositoryPattern> Repositories,
    [property: Id(2)] RepositoryActions Actions, [property: Id(3)] DateTimeOffset Expires, [property: Id(4)] string CreatedBy)
{
    /// <summary>The most patterns of one robot.</summary>
    public const int MaxRepositories = 20;

    /// <summary>The longest life, in years.</summary>
    public const int MaxYears = 1;
}

/// <summary>A robot as administrators see it; no secret.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Repositories">Where it may do something.</param>
/// <param name="Actions">What.</param>
/// <param name="Created">When it was made.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="Secrets">Its live secrets, the newest first.</param>
[GenerateSerializer, Immutable, Alias("rp.robot-summary")]
public sealed record RobotSummary(
    [property: Id(0)] string Name, [property: Id(1)] IReadOnlyList<RepositoryPattern> Repositories,
    [property: Id(2)] RepositoryActions Actions, [property: Id(3)] DateTimeOffset Created, [property: Id(4)] string CreatedBy,
    [property: Id(5)] DateTimeOffset Expires, [property: Id(6)] IReadOnlyList<RobotSecretSummary> Secrets);

/// <summary>A secret of a robot as administrators see it.</summary>
/// <param name="Id">What it is called here; opens nothing.</param>
/// <param name="Created">When it was made.</param>
/// <param name="LastUsed">When it was last used to log in, but for the last minutes before a crash; <c>null</c> when never.</param>
/// <param name="LastAddress">From where.</param>
[GenerateSerializer, Immutable, Alias("rp.robot-secret-summary")]
public sealed record RobotSecretSummary(
    [property: Id(0)] string Id, [property: Id(1)] DateTimeOffset Created, [property: Id(2)] DateTimeOffset? LastUsed,
    [property: Id(3)] string? LastAddress);

/// <summary>What became of a change.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Message">Why nothing was changed; empty when it was.</param>
/// <param name="Robot">The robot after it; <c>null</c> when there is none.</param>
/// <param name="Secret">A secret that was made; shown this once.</param>
[GenerateSerializer, Immutable, Alias("rp.robot-reply")]
public sealed record RobotReply(
    [property: Id(0)] RobotOutcome Outcome, [property: Id(1)] string Message = "", [property: Id(2)] RobotSummary? Robot = null,
    [property: Id(3)] Secret? Secret = null);

/// <summary>How a change of a robot ended.</summary>
[GenerateSerializer, Alias("rp.robot-outcome")]
public enum RobotOutcome
{
    Done,

    /// <summary>There is no robot, or secret, of this name.</summary>
    Unknown,

    /// <summary>It is there already, there are too many, or a last secret was to end.</summary>
    Conflict,

    /// <summary>What was asked for cannot be.</summary>
    Invalid,
}
