using RegistryProxy.Gateway.Authentication;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.SnapshotUpdates;

/// <summary>
/// Takes over what the cluster says, in order. A push of an epoch that no answer has named may be a late one of a former epoch: it only makes
/// us ask.
/// </summary>
internal sealed partial class SnapshotInstaller(
    CurrentMap current, DecisionCache decisions, AccessTokenCache tokens, GrantCache grants, SnapshotRounds rounds, LimitShares limits,
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
            var refused = GoesBack(update.Snapshot);
            if (update.Snapshot is { } snapshot && !refused)
            {
                Install(snapshot);
            }

            if (update.Gateways > 0)
            {
                limits.Gateways = update.Gateways;
            }

            Forget(update);

            // A push that came before one that was lost must not hide the gap: the next question closes it.
            if (!pushed || Follows(update.Position))
            {
                _position = refused ? update.Position with { Version = _position.Version } : update.Position;
            }
        }
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
    private bool GoesBack(GatewaySnapshot? next)
    {
        var refused = next is not null && next.Revision < current.Value?.Snapshot.Revision;
        if (refused)
        {
            LogGoesBack(next!.Revision, current.Value!.Snapshot.Revision);
        }

        return refused;
    }

    private bool Follows(SnapshotPosition position) =>
        position.Epoch == _position.Epoch && position.Sequence <= _position.Sequence + 1;

    private bool IsOlder(SnapshotPosition position) => position.Epoch == _position.Epoch && position.Sequence < _position.Sequence;

    private void Install(GatewaySnapshot snapshot)
    {
        var before = current.Value?.Snapshot;
        current.Replace(new FrontDoorMap(snapshot));
        decisions.DropAll();
        if (before is null || !before.Keys.SequenceEqual(snapshot.Keys))
        {
            tokens.Clear();
        }

        if (before?.ConfigurationVersion != snapshot.ConfigurationVersion)
        {
            grants.Clear();
            LogInstalled(snapshot.ConfigurationVersion);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Configuration {Version} is in use")]
    private partial void LogInstalled(string version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A configuration of revision {Offered} is refused; revision {Current} is in use")]
    private partial void LogGoesBack(long offered, long current);
}
