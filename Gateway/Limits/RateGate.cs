namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// A rate, by the generic cell rate algorithm: one number, changed by compare-and-swap, no lock. What was not used within a second, or
/// another time, is lost.
/// </summary>
internal sealed class RateGate(TimeProvider time, TimeSpan burst)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private long _arrival = time.GetTimestamp();

    public RateGate(TimeProvider time)
        : this(time, Second)
    {
    }

    /// <summary>Whether the rate would allow to take this now.</summary>
    public bool CanTake(double cost, double perSecond) => WaitFor(cost, perSecond) == TimeSpan.Zero;

    /// <summary>How long until the rate would allow to take this; nothing is taken.</summary>
    public TimeSpan WaitFor(double cost, double perSecond)
    {
        var (now, arrival) = (time.GetTimestamp(), Volatile.Read(ref _arrival));
        return Wait(now, arrival, Math.Max(arrival, now) + Ticks(cost / perSecond), Ticks(burst.TotalSeconds));
    }

    /// <summary>Takes what costs <paramref name="cost"/> units at a rate, if the rate allows it now.</summary>
    /// <param name="cost">Units.</param>
    /// <param name="perSecond">Units per second.</param>
    /// <param name="wait">How long until it would, otherwise.</param>
    /// <param name="left">Units that must be left for others.</param>
    public bool TryTake(double cost, double perSecond, out TimeSpan wait, double left = 0)
    {
        var step = Ticks(cost / perSecond);
        var tolerance = Math.Max(0, Ticks(burst.TotalSeconds) - Ticks(left / perSecond));
        while (true)
        {
            var (now, arrival) = (time.GetTimestamp(), Volatile.Read(ref _arrival));
            var next = Math.Max(arrival, now) + step;
            wait = Wait(now, arrival, next, tolerance);
            if (wait > TimeSpan.Zero)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _arrival, next, arrival) == arrival)
            {
                return true;
            }
        }
    }

    /// <summary>Gives back what was taken at the same rate.</summary>
    public void GiveBack(double cost, double perSecond) =>
        Interlocked.Add(ref _arrival, -(long)(cost / perSecond * time.TimestampFrequency));

    /// <summary>Takes it in any case; returns how long to wait so that the rate holds.</summary>
    public TimeSpan Take(double cost, double perSecond)
    {
        var step = Ticks(cost / perSecond);
        while (true)
        {
            var (now, arrival) = (time.GetTimestamp(), Volatile.Read(ref _arrival));
            var next = Math.Max(arrival, now) + step;
            if (Interlocked.CompareExchange(ref _arrival, next, arrival) == arrival)
            {
                var ahead = TimeSpan.FromSeconds((double)(next - now) / time.TimestampFrequency);
                return ahead > burst ? ahead - burst : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Who comes when nothing is owed is never refused, however low the rate.</summary>
    private TimeSpan Wait(long now, long arrival, long next, long tolerance) => next - now > tolerance && arrival > now
        ? TimeSpan.FromSeconds((double)(next - now - tolerance) / time.TimestampFrequency)
        : TimeSpan.Zero;

    private long Ticks(double seconds) => (long)(seconds * time.TimestampFrequency);
}
