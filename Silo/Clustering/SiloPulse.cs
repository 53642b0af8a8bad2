namespace RegistryProxy.Silo.Clustering;

/// <summary>
/// Whether this silo was away: stopped, swapped out, moved to another machine. What its grains remember is then from before, and the others
/// may have gone on without it. It may answer again when the membership says that it is still one of them.
/// </summary>
internal sealed partial class SiloPulse(IClusterMembershipService membership, TimeProvider time, ILogger<SiloPulse> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    /// <summary>Half of what it takes the others to declare a silent silo dead.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    private Beat _last = Beat.Now(time);

    /// <summary>Whether this silo does not know if it still belongs to the cluster.</summary>
    public bool IsInDoubt => Volatile.Read(ref _last).Age(time) > LongestPause;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Period, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var now = Beat.Now(time);
            if (!IsInDoubt || await IsMember(stoppingToken))
            {
                Volatile.Write(ref _last, now);
            }
        }
    }

    private async Task<bool> IsMember(CancellationToken stop)
    {
        var away = _last.Age(time);
        try
        {
            await membership.Refresh(cancellationToken: stop);
            LogAsked(away.TotalSeconds);
            return true;
        }
        catch (Exception fault) when (!stop.IsCancellationRequested)
        {
            LogInDoubt(away.TotalSeconds, fault.Message);
            return false;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "This silo did not run for {Seconds:F1} s; the membership was read again before it answers")]
    private partial void LogAsked(double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This silo did not run for {Seconds:F1} s and does not answer before it can read the membership: {Reason}")]
    private partial void LogInDoubt(double seconds, string reason);

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
