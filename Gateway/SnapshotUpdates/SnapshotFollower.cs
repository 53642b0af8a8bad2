using RegistryProxy.Background;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.SnapshotUpdates;

/// <summary>
/// Follows the cluster's snapshot: subscribes to pushes and, because pushes can be lost, asks again every two seconds. The last good
/// snapshot stays in use while the cluster is away.
/// </summary>
internal sealed partial class SnapshotFollower(
    ClusterClient cluster, SnapshotInstaller installer, SnapshotRounds rounds, SnapshotMeter answers, ILogger<SnapshotFollower> logger)
    : BackgroundLoop, ISnapshotObserver
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2);

    public Task Changed(SnapshotUpdate update)
    {
        installer.Apply(update, pushed: true);
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
                observer ??= cluster.Reference<ISnapshotObserver>(this);
                var before = installer.Current;
                installer.Apply(await Follow(observer, stoppingToken), pushed: false);

                // The next question says that it has arrived: who signs with a new key waits for that.
                delay = ReferenceEquals(before, installer.Current) ? Period : TimeSpan.Zero;
                answers.Answered();
                if (away)
                {
                    LogBack();
                }

                away = false;
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                delay = installer.Current is null ? Period / 10 : Period;
                if (!away && installer.Current is null)
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

    private Task<SnapshotUpdate> Follow(ISnapshotObserver observer, CancellationToken stop) => cluster.Call(
        (relay, late) => relay.Follow(observer, installer.Position with { Format = SnapshotPosition.TakesStamps }, late),
        CallPolicy.Snapshot, stop);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cluster does not respond; the last snapshot stays in use")]
    private partial void LogAway(Exception fault);

    [LoggerMessage(Level = LogLevel.Information, Message = "No configuration yet: no silo has responded; requests get 503 until then")]
    private partial void LogNotYet();

    [LoggerMessage(Level = LogLevel.Information, Message = "The cluster responds")]
    private partial void LogBack();
}
