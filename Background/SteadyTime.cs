namespace RegistryProxy.Background;

/// <summary>
/// Moments of this process alone, which go on whatever the clock of the machine is set to. For pauses and durations: what others read, or
/// what outlives the process, is a moment of the clock.
/// </summary>
public static class SteadyTime
{
    /// <summary>So that the first moment, <c>default</c>, is long ago.</summary>
    private static readonly TimeSpan Start = TimeSpan.FromDays(36_500);

    /// <summary>Now: more than a hundred years after <c>default</c>, and never less than before.</summary>
    public static TimeSpan GetSteadyNow(this TimeProvider time)
    {
        // Exact: TimeProvider.GetElapsedTime reckons in floating point, which loses ticks of a timestamp that counts from long ago.
        var (seconds, rest) = Math.DivRem(time.GetTimestamp(), time.TimestampFrequency);
        return Start + TimeSpan.FromTicks((seconds * TimeSpan.TicksPerSecond) + (rest * TimeSpan.TicksPerSecond / time.TimestampFrequency));
    }
}
