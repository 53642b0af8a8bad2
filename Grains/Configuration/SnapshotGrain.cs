using Microsoft.Extensions.Logging;
using Orleans.Utilities;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions.Identity;
using RegistryProxy.Grains.Sessions.Keys;

namespace RegistryProxy.Grains.Configuration;

/// <summary>Builds the snapshot, tells gateways of every change and lets them catch up on what they missed.</summary>
[GrainType("snapshot")]
internal sealed class SnapshotGrain(
    IConfigurationFeed configuration, AuthenticatorDirectory authenticators, ILogger<SnapshotGrain> logger)
    : Grain, ISnapshotGrain, ISessionChangesGrain
{
    private static readonly TimeSpan Subscription = TimeSpan.FromSeconds(20);

    private readonly ObserverManager<ISnapshotObserver> _gateways = new(Subscription, logger);
    private SessionChangeLog _changes = new();
    private GatewaySnapshot _snapshot = null!;

    public override async Task OnActivateAsync(CancellationToken cancellationToken) => _snapshot = await Build();

    public async ValueTask<SnapshotUpdate> Follow(ISnapshotObserver observer, SnapshotPosition known, CancellationToken cancellation = default)
    {
        if (_snapshot.ConfigurationVersion != configuration.Current.Version)
        {
            await Refresh(cancellation);
        }

        _gateways.Subscribe(observer, observer);
        _gateways.ClearExpired();
        return _changes.Since(known) with
        {
            Snapshot = known.Version == _snapshot.Version ? null : _snapshot, Position = Position, Gateways = _gateways.Count,
        };
    }

    public async ValueTask Refresh(CancellationToken cancellation = default)
    {
        var next = await Build();
        var changed = next.Version != _snapshot.Version;
        _snapshot = next;

        // What changed may have changed on another silo alone: whoever got a decision of its from before must ask again.
        _changes = new SessionChangeLog();
        await Push(new SnapshotUpdate { Position = Position, Snapshot = changed ? next : null, DropAllDecisions = true });
    }

    public async ValueTask SessionChanged(string sessionKey)
    {
        _changes.Add(sessionKey);
        await Push(new SnapshotUpdate { Position = Position, ChangedSessions = [sessionKey] });
    }

    private SnapshotPosition Position => new(_snapshot.Version, _changes.Sequence, _changes.Epoch);

    private Task Push(SnapshotUpdate update) => _gateways.Notify(gateway => gateway.Changed(update));

    private async Task<GatewaySnapshot> Build()
    {
        var keys = await GrainFactory.GetGrain<IKeyRingGrain>(0).GetPublished();
        return SnapshotBuilder.Build(configuration.Current, authenticators.Version, keys);
    }
}
