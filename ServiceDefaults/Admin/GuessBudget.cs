namespace RegistryProxy.ServiceDefaults.Admin;

/// <summary>What one address, or the /48 of many, may guess wrong, by the generic cell rate algorithm: one number, no lock.</summary>
/// <param name="times">How many times as much as one address.</param>
/// <param name="time">The time.</param>
internal sealed class GuessBudget(int times, TimeProvider time)
{
    /// <summary>How many wrong ones are free.</summary>
    private const int MaxFree = 10;

    /// <summary>What each further one costs.</summary>
    private static readonly TimeSpan CostOfOne = TimeSpan.FromSeconds(1);

    private readonly long _cost = (long)(CostOfOne.TotalSeconds * time.TimestampFrequency / times);

    /// <summary>When all of them are free again.</summary>
    private long _whole = time.GetTimestamp();

    /// <summary>Takes a turn, if it comes within <paramref name="most"/>; it may be given back.</summary>
    public bool TryTake(TimeSpan most, out TimeSpan wait)
    {
        while (true)
        {
            var (now, whole) = (time.GetTimestamp(), Volatile.Read(ref _whole));
            var next = Math.Max(whole, now) + _cost;
            var ahead = next - now - (MaxFree * times * _cost);
            wait = ahead <= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds((double)ahead / time.TimestampFrequency);
            if (wait > most)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _whole, next, whole) == whole)
            {
                return true;
            }
        }
    }

    public void GiveBack() => Interlocked.Add(ref _whole, -_cost);
}
