using RegistryProxy.Grains.Robots;

namespace RegistryProxy.Tests.Grains;

/// <summary>A request for a robot with too many patterns is refused before anything is made of them, or compared with rules.</summary>
public sealed class RobotRequestTests
{
    [Theory]
    [InlineData(RobotOrder.MaxRepositories, "apps/**", null)]
    [InlineData(RobotOrder.MaxRepositories + 1, "apps/**", "repositories: must be 1 to 20 patterns; empty never means all")]
    [InlineData(10_000, "**//**", "repositories: must be 1 to 20 patterns; empty never means all")]
    public void Patterns_are_counted_first(int count, string pattern, string? expected)
    {
        var request = new RobotRequest("acme", "ci", [.. Enumerable.Repeat(pattern, count)], ["pull"], null);
        Assert.Equal(expected is null, request.TryRead(DateTimeOffset.UnixEpoch, "alice", out var order, out var problem));
        Assert.Equal(expected, problem);
        Assert.Equal(expected is null ? count : null, order?.Repositories.Count);
    }
}
