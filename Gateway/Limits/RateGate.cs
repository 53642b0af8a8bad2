namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// A rate, by the generic cell rate algorithm: one number, changed by compare-and-swap, no lock. What was not used within a second, or another
/// time, is lost.
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
    public bool CanTake(double cost, double perSecond) =>
        time.GetElapsedTime(time.GetTimestamp(), Volatile.Read(ref _arrival)) + TimeSpan.FromSeconds(cost / perSecond) <= burst;

    /// <summary>Takes what costs <paramref name="cost"/> units at a rate, if the rate allows it now.</summary>
    /// <param name="cost">Units.</param>
    /// <param name="perSecond">Units per second.</param>
    /// <param name="wait">How long until it would, otherwise.</param>
    public bool TryTake(double cost, double perSecond, out TimeSpan wait)
    {
        var step = (long)(cost / perSecond * time.TimestampFrequency);
        var tolerance = (long)(burst.TotalSeconds * time.TimestampFrequency);
        while (true)
        {
            var (now, arrival) = (time.GetTimestamp(), Volatile.Read(ref _arrival));
            var next = Math.Max(arrival, now) + step;
            if (next - now > tolerance && arrival > now)
            {
                wait = TimeSpan.FromSeconds((double)(next - now - tolerance) / time.TimestampFrequency);
                return false;
            }

            if (Interlocked.CompareExchange(ref _arrival, next, arrival) == arrival)
            {
                wait = TimeSpan.Zero;
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
        var step = (long)(cost / perSecond * time.TimestampFrequency);
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
}
