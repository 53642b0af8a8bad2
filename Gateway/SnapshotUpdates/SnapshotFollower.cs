using RegistryProxy.Background;
using RegistryProxy.Gateway.Authentication;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.SnapshotUpdates;

/// <summary>
/// Follows the cluster's snapshot: subscribes to pushes and, because pushes can be lost, asks again every two seconds. A push of an epoch that no
/// answer has named may be a late one of a former epoch: it only makes us ask. The last good snapshot stays in use while the cluster is away.
/// </summary>
internal sealed partial class SnapshotFollower(
    IGrainFactory grains, ClusterQuestions questions, CurrentMap current, DecisionCache decisions, AccessTokenCache tokens, GrantCache grants,
    SnapshotRounds rounds, TenantLimits limits, GrainCallMeter meter, SnapshotMeter answers, ILogger<SnapshotFollower> logger)
    : BackgroundLoop, ISnapshotObserver
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private SnapshotPosition _position = SnapshotPosition.Nothing;

    public Task Changed(SnapshotUpdate update)
    {
        Apply(update, pushed: true);
        return Task.CompletedTask;
    }

    protected override async Task Run(CancellationToken stoppingToken)
    {
        ISnapshotObserver? observer = null;
        var away = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            var delay = Period;
            using var round = rounds.Begin();
            try
            {
                observer ??= grains.CreateObjectReference<ISnapshotObserver>(this);
                meter.Count("snapshot");
                var before = current.Value;
                Apply(await Ask(observer, stoppingToken), pushed: false);

                // The next question says that it has arrived: who signs with a new key waits for that.
                delay = ReferenceEquals(before, current.Value) ? Period : TimeSpan.Zero;
                answers.Answered();
                if (away)
                {
                    LogBack();
                }

                away = false;
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                delay = current.Value is null ? Period / 10 : Period;
                if (!away && current.Value is null)
                {
                    LogNotYet();
                }
                else if (!away)
                {
                    LogAway(fault);
                }

                away = true;
            }

            await rounds.Pause(round, delay, stoppingToken);
        }
    }

    private Task<SnapshotUpdate> Ask(ISnapshotObserver observer, CancellationToken stop) => questions.Ask(
        (entrance, late) => entrance.Follow(observer, _position, late), Patience.Brief, stop);

    private void Apply(SnapshotUpdate update, bool pushed)
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster does not answer; the last snapshot stays in use")]
    private partial void LogAway(Exception fault);

    [LoggerMessage(Level = LogLevel.Information, Message = "There is no configuration before a silo answers; requests are 503 until then")]
    private partial void LogNotYet();

    [LoggerMessage(Level = LogLevel.Information, Message = "The cluster answers")]
    private partial void LogBack();
}
