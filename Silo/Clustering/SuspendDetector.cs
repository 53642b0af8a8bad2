using RegistryProxy.Background;
using RegistryProxy.ServiceDefaults.Health;

namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// Whether this silo was away: stopped, swapped out, moved to another machine. What its grains remember is then from before, and the others
/// may have gone on without it. It may answer again when the membership says that it is still one of them.
/// </summary>
internal sealed partial class SuspendDetector(IClusterMembershipService membership, TimeProvider time, ILogger<SuspendDetector> logger)
    : BackgroundLoop, IReadiness
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>Half of what it takes the others to declare a silent silo dead.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    /// <summary>
    /// For how long the doubt lasts while the membership cannot be read: nobody can be declared dead then, and who was before has been left
    /// by the gateways.
    /// </summary>
    private static readonly TimeSpan LongestDoubt = TimeSpan.FromSeconds(10);

    private Beat _last = Beat.Now(time);
    private bool _wasAway;

    /// <summary>
    /// Whether this silo does not know if it still belongs to the cluster. The order counts: who was away is known before the next beat.
    /// </summary>
    public bool IsInDoubt => Volatile.Read(ref _last).Age(time) > LongestPause || Volatile.Read(ref _wasAway);

    public string Name => "pulse";

    public bool IsReady => !IsInDoubt;

    public string? Detail => IsInDoubt ? "the process was suspended; calls are rejected until the membership has been read again" : null;

    protected override async Task Run(CancellationToken stoppingToken)
    {
        var (member, since) = (Task.FromResult(true), 0L);
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var now = Beat.Now(time);
            if (_last.Age(time) is var away && away > LongestPause)
            {
                // Whatever was asked before counts no more.
                LogAway(away.TotalSeconds);
                Volatile.Write(ref _wasAway, true);
                (member, since) = (IsMember(stoppingToken), time.GetTimestamp());
            }
            else if (_wasAway && (member.IsCompleted || time.GetElapsedTime(since) > LongestDoubt))
            {
                if (time.GetElapsedTime(since) > LongestDoubt || member.Result)
                {
                    Volatile.Write(ref _wasAway, false);
                    LogBack();
                }
                else
                {
                    member = IsMember(stoppingToken);
                }
            }

            Volatile.Write(ref _last, now);
        }
    }

    /// <summary>Reads the membership; twice, since the first may join a reading that began before this silo was away.</summary>
    private async Task<bool> IsMember(CancellationToken stop)
    {
        try
        {
            await membership.Refresh(cancellationToken: stop);
            await membership.Refresh(cancellationToken: stop);
            return true;
        }
        catch (Exception)
        {
            // The membership says in the log why it cannot be read.
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "Process was suspended for {Seconds:F1} s; rejecting calls until the membership is refreshed")]
    private partial void LogAway(double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Membership is refreshed; accepting calls again")]
    private partial void LogBack();

    /// <summary>A moment by two clocks: one does not go on while a virtual machine is suspended, the other may be set.</summary>
    private sealed record Beat(long Timestamp, DateTimeOffset Clock)
    {
        public static Beat Now(TimeProvider time) => new(time.GetTimestamp(), time.GetUtcNow());

        public TimeSpan Age(TimeProvider time)
        {
            var (elapsed, clock) = (time.GetElapsedTime(Timestamp), time.GetUtcNow() - Clock);
            return elapsed > clock ? elapsed : clock;
        }
    }
}
