using Microsoft.Extensions.Logging;
using Orleans.Utilities;
using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Upstreams.Network;

namespace RegistryProxy.Grains.Configuration;

/// <summary>
/// Builds the snapshot, tells gateways of every change and lets them catch up on what they missed. Whoever signs gets the key from here, so
/// that no key signs which gateways were not told of.
/// </summary>
[GrainType("snapshot")]
internal sealed class SnapshotGrain(
    IConfigurationFeed configuration, AuthenticatorDirectory authenticators, UpstreamNetworks networks, TimeProvider time, ILogger<SnapshotGrain> logger)
    : Grain, ISnapshotGrain, ISessionChangesGrain, IPublishedKeyGrain
{
    private static readonly TimeSpan Subscription = TimeSpan.FromSeconds(20);

    /// <summary>From one look for the next key of a ring that is late to the next.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    private readonly ObserverManager<ISnapshotObserver> _gateways = new(Subscription, logger);
    private readonly SingleFlight<GatewaySnapshot> _building = new();
    private readonly KeyPublication _publication = new(time);
    private SessionChangeLog _changes = new();
    private GatewaySnapshot? _snapshot;
    private bool _buildAgain;
    private bool _dropDecisions;
    private DateTimeOffset _lookAt;

    public async ValueTask<SnapshotUpdate> Follow(ISnapshotObserver observer, SnapshotPosition known, CancellationToken cancellation = default)
    {
        if (_snapshot is null)
        {
            await _building.Join(Build);
        }
        else if (_snapshot.ConfigurationVersion != configuration.Current.Version)
        {
            await _building.Join(Build);
        }

        _publication.Follows(observer, known.Version);
        _gateways.Subscribe(observer, observer);
        _gateways.ClearExpired();
        return _changes.Since(known) with
        {
            Snapshot = known.Version == _snapshot!.Version ? null : _snapshot, Position = Position, Gateways = _gateways.Count,
        };
    }

    public ValueTask Refresh(CancellationToken cancellation = default)
    {
        _dropDecisions = true;
        _buildAgain = true;
        return new(_building.Join(Build));
    }

    public async ValueTask SessionChanged(string sessionKey)
    {
        _changes.Add(sessionKey);
        await Push(new SnapshotUpdate { Position = Position, ChangedSessions = [sessionKey] });
    }

    public async ValueTask<SigningKey> GetSigningKey()
    {
        if (!_publication.IsGood && !(_publication.MayGoOn && time.GetUtcNow() < _lookAt))
        {
            _lookAt = time.GetUtcNow() + LookAgain;
            var building = _building.Join(Build);
            if (_publication.MayGoOn)
            {
                building.Ignore();
            }
            else
            {
                await building;
            }
        }

        return _publication.Key();
    }

    private SnapshotPosition Position => new(_snapshot?.Version ?? "", _changes.Sequence, _changes.Epoch);

    private Task Push(SnapshotUpdate update) => _gateways.Notify(gateway => gateway.Changed(update));

    /// <summary>Builds until nobody has asked for another one since it began.</summary>
    private async Task<GatewaySnapshot> Build()
    {
        do
        {
            _buildAgain = false;
            var (keys, signing) = await Keys();
            var published = _publication.Add(keys, configuration.Current.Configuration.Tokens.AccessLifetime);
            var next = SnapshotBuilder.Build(configuration.Current, authenticators.Version, networks, published);
            var former = _snapshot;
            var changed = next.Version != former?.Version;
            var drop = _dropDecisions || next.ConfigurationVersion != former?.ConfigurationVersion;
            (_snapshot, _dropDecisions) = (next, false);
            _publication.Publish(next.Version, next.Keys, signing);
            if (former is null || !(changed || drop))
            {
                continue;
            }

            if (drop)
            {
                // What changed may have changed on another silo alone: whoever got a decision of its from before must ask again.
                _changes = new SessionChangeLog();
            }

            await Push(new SnapshotUpdate { Position = Position, Snapshot = changed ? next : null, DropAllDecisions = drop });
        }
        while (_buildAgain);
        return _snapshot;
    }

    /// <summary>Both of the same ring: it may turn between the questions.</summary>
    private async Task<(PublishedKeys Keys, SigningKey Signing)> Keys()
    {
        var ring = GrainFactory.GetGrain<IKeyRingGrain>(0);
        while (true)
        {
            var (signing, keys) = (await ring.GetSigningKey(), await ring.GetPublished());
            if (keys.TokenKeys.Any(key => key.Id == signing.Id))
            {
                return (keys, signing);
            }
        }
    }
}
