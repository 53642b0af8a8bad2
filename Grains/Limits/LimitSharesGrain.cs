using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Limits;

/// <summary>Keeps who has which share of the limits of its shard.</summary>
[GrainType("limitshares")]
internal sealed class LimitSharesGrain(TimeProvider time) : Grain, ILimitSharesGrain
{
    private readonly LimitBook _book = new(time);
    private readonly PermitBook _permits = new(time);

    public ValueTask<double[]> Share(string gateway, int gateways, LimitDemand[] demands, CancellationToken cancellation = default) =>
        new(Array.ConvertAll(demands, demand => _book.Share(gateway, gateways, demand)));

    public ValueTask<PermitGrant[]> Grant(
        string gateway, int gateways, PermitDemand[] demands, CancellationToken cancellation = default) =>
        new(Array.ConvertAll(demands, demand => _permits.Grant(gateway, gateways, demand)));
}
