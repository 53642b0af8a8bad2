using Orleans.Serialization;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.SnapshotUpdates;

/// <summary>
/// Takes over what the cluster says, in order. A push of an epoch that no answer has named may be a late one of a former epoch: it only
/// makes us ask.
/// </summary>
internal sealed partial class SnapshotInstaller(
    CurrentMap current, DecisionCache decisions, SnapshotCaches caches, SnapshotRounds rounds, LimitShares limits, Serializer serializer,
    ILogger<SnapshotInstaller> logger)
{
    private readonly Lock _gate = new();
    private SnapshotPosition _position = SnapshotPosition.Nothing;

    /// <summary>How far we are.</summary>
    public SnapshotPosition Position
    {
        get
        {
            lock (_gate)
            {
                return _position;
            }
        }
    }

    /// <summary>The configuration in use.</summary>
    public FrontDoorMap? Current => current.Value;

    public void Apply(SnapshotUpdate update, bool pushed)
    {
        lock (_gate)
        {
            if (pushed && update.Position.Epoch != _position.Epoch)
            {
                Forget(update);
                rounds.Hurry();
                return;
            }

            if (IsOlder(update.Position))
            {
                return;
            }

            // What is refused is the configuration alone: who was revoked is so under any.
            var isCurrent = Take(update);
            if (update.Gateways > 0)
            {
                limits.Gateways = update.Gateways;
            }

            // Silos of the version before tell it each time.
            var ahead = _position.Ahead;
            if (update.TellsAhead || update.Position.Ahead == 0)
            {
                decisions.Take(update.Ahead);
                ahead = update.Position.Ahead;
            }

            Forget(update);

            // A push that came before one that was lost must not hide the gap: the next question closes it.
            var version = isCurrent ? update.Position.Version : _position.Version;
            _position = (pushed && !Follows(update.Position) ? _position : update.Position) with { Version = version, Ahead = ahead };
            if (pushed && !isCurrent)
            {
                rounds.Hurry();
            }
        }
    }

    /// <summary>Takes over the configuration that an update brings; whether the one in use is that of its version now.</summary>
    private bool Take(SnapshotUpdate update)
    {
        if (update.Position.Version == _position.Version)
        {
            return true;
        }

        var next = update.Snapshot ?? (update.Packed is { } packed ? PackedSnapshot.Unpack(packed, serializer) : null);
        if (update.Change is { } change && change.Since == _position.Version)
        {
            next = change.On(current.Value!.Snapshot);
        }

        if (next is null || GoesBack(next))
        {
            return false;
        }

        Install(next, update.Change);
        return true;
    }

    /// <summary>Forgets decisions, which is right whenever it was said.</summary>
    private void Forget(SnapshotUpdate update)
    {
        if (update.DropAllDecisions)
        {
            decisions.DropAll();
        }

        foreach (var session in update.ChangedSessions)
        {
            decisions.Drop(session);
        }
    }

    /// <summary>A silo that has not heard of the cluster's configuration yet must not bring back what was taken away.</summary>
    private bool GoesBack(GatewaySnapshot next)
    {
        var refused = next.Revision < current.Value?.Snapshot.Revision;
        if (refused)
        {
            LogGoesBack(next.Revision, current.Value!.Snapshot.Revision);
        }

        return refused;
    }

    private bool Follows(SnapshotPosition position) =>
        position.Epoch == _position.Epoch && position.Sequence <= _position.Sequence + 1;

    private bool IsOlder(SnapshotPosition position) => position.Epoch == _position.Epoch && position.Sequence < _position.Sequence;

    /// <param name="snapshot">The one to use from now on.</param>
    /// <param name="change">What is another than in the one before; <c>null</c> when nobody says.</param>
    private void Install(GatewaySnapshot snapshot, SnapshotChange? change)
    {
        var before = current.Value?.Snapshot;
        current.Replace(new FrontDoorMap(snapshot));
        caches.Drop(before, snapshot, change);
        if (before?.ConfigurationVersion != snapshot.ConfigurationVersion)
        {
            LogInstalled(snapshot.ConfigurationVersion);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Configuration {Version} is in use")]
    private partial void LogInstalled(string version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Configuration revision {Offered} is rejected; revision {Current} is in use")]
    private partial void LogGoesBack(long offered, long current);
}
