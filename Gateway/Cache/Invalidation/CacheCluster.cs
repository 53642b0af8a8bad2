using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>The grains that tell gateways of writes.</summary>
internal sealed class CacheCluster(ClusterClient cluster)
{
    public ICacheObserver ReferenceTo(ICacheObserver observer) => cluster.Reference(observer);

    /// <inheritdoc cref="ICacheGrain.Follow"/>
    public Task<Guid> Follow(ICacheObserver observer, CacheReport report, CancellationToken cancellation) => cluster.CallOnce(
        (grains, stop) => Grain(grains).Follow(observer, report, stop), CallPolicy.CacheSubscription, cancellation);

    /// <inheritdoc cref="IWriteShardGrain.Follow"/>
    public Task<WriteSubscription> Follow(int shard, ICacheObserver observer, WriteInterest interest, CancellationToken cancellation) =>
        cluster.CallOnce(
            (grains, stop) => grains.GetGrain<IWriteShardGrain>(shard).Follow(observer, interest, stop),
            CallPolicy.CacheSubscription, cancellation);

    /// <inheritdoc cref="IWriteShardGrain.Changed"/>
    public Task Changed(WriteTarget target, Guid write, WriteStep step)
    {
        var change = new CacheChange(
            target.Address, target.Repository.Value, target.Reference.ToString(), IsFinished: step is not WriteStep.Begun,
            IsRefused: step is WriteStep.Refused, Write: write);
        return cluster.CallOnce(
            (grains, stop) => Shard(grains, target.Place.Group.Shard) is { } shard
                ? shard.Changed(change, stop)
                : Grain(grains).Changed(change, stop),
            CallPolicy.CacheChange,
            CancellationToken.None);
    }

    /// <inheritdoc cref="ICacheGrain.Leave"/>
    public Task Leave(ICacheObserver observer, string gateway) => cluster.CallOnce(
        (grains, stop) => Grain(grains).Leave(observer, gateway, stop), CallPolicy.CacheSubscription, CancellationToken.None);

    /// <inheritdoc cref="IWriteShardGrain.Leave"/>
    public Task Leave(int shard, ICacheObserver observer) => cluster.CallOnce(
        (grains, stop) => grains.GetGrain<IWriteShardGrain>(shard).Leave(observer, stop),
        CallPolicy.CacheSubscription, CancellationToken.None);

    /// <summary>
    /// A shard; <c>null</c> while all silos are of a former version, which have none. Then the grain is told that gateways of every version
    /// follow.
    /// </summary>
    private static IWriteShardGrain? Shard(IGrainFactory grains, int shard)
    {
        try
        {
            return grains.GetGrain<IWriteShardGrain>(shard);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static ICacheGrain Grain(IGrainFactory grains) => grains.GetGrain<ICacheGrain>(0);
}
