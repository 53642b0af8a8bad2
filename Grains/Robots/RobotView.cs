using System.Text.Json.Serialization;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Robots;

/// <summary>A robot for an operator.</summary>
/// <param name="Name">Its name.</param>
/// <param name="User">What it logs in as.</param>
/// <param name="Repositories">Where it may do something.</param>
/// <param name="Actions">What.</param>
/// <param name="Created">When it was made.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="LastUsed">When one of its secrets was last used; <c>null</c> when none was.</param>
/// <param name="Secrets">Its live secrets, the newest first.</param>
/// <param name="Secret">One that was just made: shown this once.</param>
public sealed record RobotView(
    string Name, string User, IReadOnlyList<string> Repositories, IReadOnlyList<string> Actions, DateTimeOffset Created, string CreatedBy,
    DateTimeOffset Expires, DateTimeOffset? LastUsed, IReadOnlyList<RobotSecretSummary> Secrets,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Secret = null)
{
    public static string UserOf(string name) => $"robot${name}";

    public static RobotView Of(RobotSummary robot, Secret? secret = null) => new(
        robot.Name, UserOf(robot.Name), [.. robot.Repositories.Select(pattern => pattern.Value)], robot.Actions.Names(), robot.Created,
        robot.CreatedBy, robot.Expires, robot.Secrets.Max(known => known.LastUsed), robot.Secrets, secret?.Reveal());
}
