using Orleans.Concurrency;
using RegistryProxy.Grains.SiloCalls;

namespace RegistryProxy.Grains.Robots;

/// <inheritdoc cref="IRobotRelayGrain"/>
[StatelessWorker, Reentrant, GrainType("robotrelay")]
internal sealed class RobotRelayGrain(ProcessPass known) : Grain, IRobotRelayGrain
{
    public ValueTask<IReadOnlyList<RobotSummary>> List(string pass, CancellationToken cancellation = default) => Robots(pass).List();

    public ValueTask<RobotReply> Create(string pass, RobotOrder order, CancellationToken cancellation = default) =>
        Robots(pass).Create(order);

    public ValueTask<RobotReply> Rotate(
        string pass, string name, DateTimeOffset? expires, CancellationToken cancellation = default) => Robots(pass).Rotate(name, expires);

    public ValueTask<RobotReply> EndSecret(string pass, string name, string secret, CancellationToken cancellation = default) =>
        Robots(pass).EndSecret(name, secret);

    public ValueTask<RobotReply> Revoke(string pass, string name, CancellationToken cancellation = default) => Robots(pass).Revoke(name);

    private IRobotsGrain Robots(string pass) =>
        known.Is(pass)
            ? GrainFactory.GetGrain<IRobotsGrain>(this.GetPrimaryKeyString())
            : throw new UnauthorizedAccessException("robots are administered on silos alone");
}
