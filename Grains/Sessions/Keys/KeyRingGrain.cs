using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions.Keys;

/// <summary>Makes the cluster's keys, keeps them and turns them in time.</summary>
[GrainType("keyring")]
internal sealed class KeyRingGrain(
    [PersistentState("keys", GrainStorageNames.State)] IPersistentState<KeyRing> ring, IConfigurationFeed configuration, TimeProvider time)
    : Grain, IKeyRingGrain
{
    private static readonly TimeSpan Check = TimeSpan.FromSeconds(30);

    private PublishedKeys? _published;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await Turn(cancellationToken);
        this.RegisterGrainTimer(
            static (self, cancellation) => self.Tick(cancellation), this,
            new GrainTimerCreationOptions { DueTime = Check, Period = Check, KeepAlive = true });
    }

    public ValueTask<SigningKey> GetSigningKey()
    {
        var active = ring.State.Active!;
        var now = time.GetUtcNow();
        return new(new SigningKey(active.Id, new Secret(active.Material), ring.State.RotateAt < now + Check ? ring.State.RotateAt : now + Check));
    }

    public ValueTask<PublishedKeys> GetPublished() => new(_published!);

    private async Task Tick(CancellationToken cancellation)
    {
        if (await Turn(cancellation))
        {
            await GrainFactory.GetGrain<ISnapshotGrain>(0).Refresh(cancellation);
        }
    }

    private async Task<bool> Turn(CancellationToken cancellation)
    {
        var changed = KeyRotation.Turn(ring.State, configuration.Current.Configuration.Tokens, time.GetUtcNow());
        if (changed)
        {
            await ring.WriteStateAsync(cancellation);
        }

        if (changed || _published is null)
        {
            KeyEntry[] keys = [ring.State.Active!, ring.State.Next!, .. ring.State.Retired];
            _published = new PublishedKeys(
                string.Join('.', keys.Select(key => key.Id)),
                [.. keys.Select(KeyRotation.PublicHalf)],
                [.. ring.State.UploadKeys.Select(key => new Secret(key.Material))])
            {
                RoutingKeys = [.. ring.State.RoutingKeys.Select(key => new Secret(key.Material))],
            };
        }

        return changed;
    }
}
