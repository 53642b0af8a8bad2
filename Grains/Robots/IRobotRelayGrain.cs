using Orleans.CodeGeneration;

namespace RegistryProxy.Grains.Robots;

/// <summary>
/// From who serves operators on a silo to <see cref="IRobotsGrain"/>: a stateless worker, which runs in the process that calls it, and
/// wants the pass of that process. The key is the tenant's name.
/// </summary>
[Version(0), Alias("rp.IRobotRelayGrain")]
public interface IRobotRelayGrain : IGrainWithStringKey
{
    /// <summary>All robots, by name.</summary>
    [Alias("List")]
    ValueTask<IReadOnlyList<RobotSummary>> List(string pass, CancellationToken cancellation = default);

    /// <summary>Makes one.</summary>
    [Alias("Create")]
    ValueTask<RobotReply> Create(string pass, RobotOrder order, CancellationToken cancellation = default);

    /// <summary>Gives it a new secret, and another end where one is said.</summary>
    [Alias("Rotate")]
    ValueTask<RobotReply> Rotate(string pass, string name, DateTimeOffset? expires, CancellationToken cancellation = default);

    /// <summary>Ends one secret.</summary>
    [Alias("EndSecret")]
    ValueTask<RobotReply> EndSecret(string pass, string name, string secret, CancellationToken cancellation = default);

    /// <summary>Ends it.</summary>
    [Alias("Revoke")]
    ValueTask<RobotReply> Revoke(string pass, string name, CancellationToken cancellation = default);
}
