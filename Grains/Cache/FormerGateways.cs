using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Cache;

/// <summary>Has the shards tell <see cref="ICacheGrain"/> of writes for as long as gateways of a former version follow it.</summary>
internal sealed class FormerGateways(IGrainFactory grains, TimeProvider time)
{
    /// <summary>How long shards go on telling: a gateway's trust, which begins up to a period after they were last told to.</summary>
    public static readonly TimeSpan Trust = CacheReport.Trust + TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private long? _keptAt;
    private Task? _round;

    /// <summary>Returns when every shard tells. Without that a gateway must not be told that it hears of every write.</summary>
    public async Task Keep()
    {
        if (_keptAt is not { } kept || time.GetElapsedTime(kept) >= Period)
        {
            await (_round ??= Round());
        }
    }

    private async Task Round()
    {
        var began = time.GetTimestamp();
        try
        {
            await Task.WhenAll(Enumerable.Range(0, WriteGroup.Shards)
                .Select(shard => grains.GetGrain<IWriteShardGrain>(shard).TellFormer().AsTask()));
            _keptAt = began;
        }
        finally
        {
            _round = null;
        }
    }
}
