using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Cache;

/// <inheritdoc cref="IWriteShardGrain"/>
[GrainType(Name)]
internal sealed class WriteShardGrain(FormerSilos formerSilos, TimeProvider time) : Grain, IWriteShardGrain
{
    private const string Name = "writeshard";

    private readonly Followers _followers = new(time);

    /// <summary>When a gateway of a former version was last known of: an activation before this one may have known of one.</summary>
    private long _formerAt = time.GetTimestamp();

    /// <summary>The same of a silo of a former version.</summary>
    private long _formerSiloAt = time.GetTimestamp();

    /// <summary>The type of these grains.</summary>
    public static GrainType Type { get; } = GrainType.Create(Name);

    public async ValueTask<WriteSubscription> Follow(
        ICacheObserver observer, WriteInterest interest, CancellationToken cancellation = default)
    {
        TellsFormer();
        var isWhole = time.GetElapsedTime(_formerSiloAt) >= FormerGateways.Trust;
        return new(await _followers.Follow(observer, interest), isWhole);
    }

    public async ValueTask Changed(CacheChange change, CancellationToken cancellation = default)
    {
        var former = TellsFormer() ? GrainFactory.GetGrain<ICacheGrain>(0).Changed(change, cancellation).AsTask() : Task.CompletedTask;
        await Task.WhenAll(former, _followers.Tell(change, cancellation));
    }

    public async ValueTask ChangedByFormer(CacheChange change, CancellationToken cancellation = default) =>
        await _followers.Tell(change, cancellation);

    public ValueTask Leave(ICacheObserver observer, CancellationToken cancellation = default)
    {
        _followers.Leave(observer);
        return ValueTask.CompletedTask;
    }

    public ValueTask TellFormer(CancellationToken cancellation = default)
    {
        _formerAt = time.GetTimestamp();
        return ValueTask.CompletedTask;
    }

    private bool TellsFormer()
    {
        if (formerSilos.Exist)
        {
            _formerAt = _formerSiloAt = time.GetTimestamp();
        }

        return time.GetElapsedTime(_formerAt) < FormerGateways.Trust;
    }
}
