using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Invalidation;

/// <summary>The grain that tells all gateways of writes.</summary>
internal sealed class CacheCluster(IGrainFactory grains, GrainCallMeter calls)
{
    public ICacheObserver ReferenceTo(ICacheObserver observer) => grains.CreateObjectReference<ICacheObserver>(observer);

    /// <inheritdoc cref="ICacheGrain.Follow"/>
    public ValueTask<Guid> Follow(ICacheObserver observer, CacheReport report, CancellationToken cancellation)
    {
        calls.Count("cache");
        return Grain.Follow(observer, report, cancellation);
    }

    /// <inheritdoc cref="ICacheGrain.Changed"/>
    public ValueTask Changed(CacheChange change)
    {
        calls.Count("cache");
        return Grain.Changed(change);
    }

    /// <inheritdoc cref="ICacheGrain.Leave"/>
    public ValueTask Leave(ICacheObserver observer, string gateway) => Grain.Leave(observer, gateway);

    private ICacheGrain Grain => grains.GetGrain<ICacheGrain>(0);
}
