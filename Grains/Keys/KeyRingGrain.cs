using Orleans.Serialization;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Grains.Timers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Keys;

/// <summary>Makes the cluster's keys, keeps them and turns them in time.</summary>
[GrainType("keyring")]
internal sealed class KeyRingGrain(StateStore store, IConfigurationFeed configuration, TimeProvider time) : Grain, IKeyRingGrain
{
    private static readonly TimeSpan Check = TimeSpan.FromSeconds(30);

    private Stored<KeyRing> _ring = null!;
    private (KeyRing Ring, PublishedKeys Keys)? _published;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _ring = store.Open<KeyRing>(ClusterRecord.Keys.State, this.GetGrainId(), DeactivateOnIdle);
        this.StartTimer(
            static (self, cancellation) => self.Tick(cancellation),
            new GrainTimerCreationOptions { DueTime = Check, Period = Check, KeepAlive = true });
        return Task.CompletedTask;
    }

    public async ValueTask<SigningKey> GetSigningKey()
    {
        var (ring, now) = (await Ring(), time.GetUtcNow());
        var active = ring.Active!;
        return new SigningKey(active.Id, new Secret(active.Material), ring.RotateAt < now + Check ? ring.RotateAt : now + Check);
    }

    public async ValueTask<PublishedKeys> GetPublished()
    {
        var ring = await Ring();
        if (_published is not { } published || !ReferenceEquals(published.Ring, ring))
        {
            KeyEntry[] keys = [ring.Active!, ring.Next!, .. ring.Retired];
            published = (ring, new PublishedKeys(
                string.Join('.', keys.Concat(ring.UploadKeys).Select(key => key.Id)),
                [.. keys.Select(KeyRotation.PublicHalf)],
                [.. ring.UploadKeys.Select(key => new Secret(key.Material))])
            {
                RoutingKeys = [.. ring.RoutingKeys.Select(key => new Secret(key.Material))],
            });
            _published = published;
        }

        return published.Keys;
    }

    private async Task Tick(CancellationToken cancellation)
    {
        var before = await Ring();
        await Turn();
        if (!ReferenceEquals(before, _ring.Value))
        {
            await Publish(cancellation);
        }
    }

    /// <summary>Keys say nothing of what was decided: that holds.</summary>
    private async Task Publish(CancellationToken cancellation)
    {
        var snapshot = GrainFactory.GetGrain<ISnapshotGrain>(0);
        try
        {
            await snapshot.Changed([], cancellation);
        }
        catch (Exception fault) when (fault is SerializerException or ArgumentException)
        {
            // A silo of a former version knows no other word for it.
            await snapshot.Refresh(cancellation);
        }
    }

    /// <summary>The stored ring; one that could not be turned in time goes on.</summary>
    private async ValueTask<KeyRing> Ring()
    {
        var ring = await _ring.Get();
        if (ring.Active is not null && ring.RoutingKeys.Count > 0)
        {
            return ring;
        }

        await Turn();
        return _ring.Value;
    }

    private Task<bool> Turn() => _ring.Change(ring =>
        (KeyRotation.Turn(ring, configuration.Current.Configuration.Tokens, time.GetUtcNow()), true));
}
