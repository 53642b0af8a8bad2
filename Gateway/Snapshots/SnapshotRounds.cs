namespace RegistryProxy.Gateway.Snapshots;

/// <summary>
/// The rounds in which this gateway asks for the snapshot. Whoever has met something newer than the map hurries the next one up, four times
/// a second at most, and may wait for it.
/// </summary>
internal sealed class SnapshotRounds(CurrentMap current, TimeProvider time)
{
    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a request waits for a newer map.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private TaskCompletionSource _hurry = NewSource();
    private TaskCompletionSource _next = NewSource();

    /// <summary>Begins a round, which ends when it is disposed of.</summary>
    public Round Begin()
    {
        lock (_gate)
        {
            (var round, _next, _hurry) = (new Round(_next, time.GetTimestamp()), NewSource(), NewSource());
            return round;
        }
    }

    /// <summary>Ends a round and waits for the next, which comes earlier for who is in a hurry.</summary>
    public async Task Pause(Round round, TimeSpan pause, CancellationToken cancellation)
    {
        round.Dispose();
        Task hurry;
        lock (_gate)
        {
            hurry = _hurry.Task;
        }

        await hurry.WaitAsync(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (LeastPause - time.GetElapsedTime(round.Began) is var left && left > TimeSpan.Zero && hurry.IsCompleted)
        {
            await Task.Delay(left, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Has the next round begin soon.</summary>
    public void Hurry()
    {
        lock (_gate)
        {
            _hurry.TrySetResult();
        }
    }

    /// <summary>A newer map than one that does not know something; <c>null</c> when there is none.</summary>
    public async ValueTask<FrontDoorMap?> Newer(FrontDoorMap map, CancellationToken cancellation)
    {
        if (ReferenceEquals(current.Value, map))
        {
            Task next;
            lock (_gate)
            {
                (next, _) = (_next.Task, _hurry.TrySetResult());
            }

            await next.WaitAsync(Timeout, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return ReferenceEquals(current.Value, map) ? null : current.Value;
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>One question and its answer.</summary>
    internal sealed class Round(TaskCompletionSource end, long began) : IDisposable
    {
        public long Began => began;

        public void Dispose() => end.TrySetResult();
    }
}
