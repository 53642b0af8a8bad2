using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>The grain that tells all gateways of writes.</summary>
internal sealed class CacheCluster(ClusterClient cluster)
{
    public ICacheObserver ReferenceTo(ICacheObserver observer) => cluster.Reference(observer);

    /// <inheritdoc cref="ICacheGrain.Follow"/>
    public Task<Guid> Follow(ICacheObserver observer, CacheReport report, CancellationToken cancellation) => cluster.CallOnce(
        (grains, stop) => Grain(grains).Follow(observer, report, stop), CallPolicy.CacheSubscription, cancellation);

    /// <inheritdoc cref="ICacheGrain.Changed"/>
    public Task Changed(WriteTarget target, Guid write, WriteStep step) => cluster.CallOnce(
        (grains, stop) => Grain(grains).Changed(
            new CacheChange(
                target.Address, target.Repository.Value, target.Reference.ToString(), IsFinished: step is not WriteStep.Begun,
                IsRefused: step is WriteStep.Refused, Write: write),
            stop),
        CallPolicy.CacheChange,
        CancellationToken.None);

    /// <inheritdoc cref="ICacheGrain.Leave"/>
    public Task Leave(ICacheObserver observer, string gateway) => cluster.CallOnce(
        (grains, stop) => Grain(grains).Leave(observer, gateway, stop), CallPolicy.CacheSubscription, CancellationToken.None);

    private static ICacheGrain Grain(IGrainFactory grains) => grains.GetGrain<ICacheGrain>(0);
}
