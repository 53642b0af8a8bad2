using Orleans.CodeGeneration;

namespace RegistryProxy.Grains.Robots;

/// <summary>
/// The robots of one tenant, for administrators; the key is the tenant's name. Internal: who serves operators on a silo comes by
/// <see cref="IRobotRelayGrain"/>, and a gateway gets nothing.
/// </summary>
[Version(0), Alias("rp.IRobotsGrain")]
internal interface IRobotsGrain : IGrainWithStringKey
{
    /// <summary>All of them, by name.</summary>
    [Alias("List")]
    ValueTask<IReadOnlyList<RobotSummary>> List();

    /// <summary>Makes one.</summary>
    [Alias("Create")]
    ValueTask<RobotReply> Create(RobotOrder order);

    /// <summary>
    /// Gives it a new secret. Of those before the one that was used last stays good beside it, and the newest where none was; so an
    /// attempt whose answer was lost may be made again.
    /// </summary>
    /// <param name="name">The robot.</param>
    /// <param name="expires">When it ends from now on; <c>null</c> leaves that as it is.</param>
    [Alias("Rotate")]
    ValueTask<RobotReply> Rotate(string name, DateTimeOffset? expires);

    /// <summary>Ends one secret and the sessions that it opened; never the last one.</summary>
    [Alias("EndSecret")]
    ValueTask<RobotReply> EndSecret(string name, string secret);

    /// <summary>Ends it and all of its sessions, everywhere, before it returns.</summary>
    [Alias("Revoke")]
    ValueTask<RobotReply> Revoke(string name);
}
