using System.Collections.Concurrent;

namespace RegistryProxy.Gateway.Audit;

/// <summary>
/// Requests that anybody can make: of each tenant so many a second are written down, each with how many there were since the one before.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="perSecond">Lines a second for each tenant.</param>
internal sealed class LimitedRequests(TimeProvider time, int perSecond = 1)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Tally> _tenants = new();
    private volatile bool _isLast;

    /// <summary>Counts one; how many there were, when this one is to be written.</summary>
    public int? Count(string tenant)
    {
        var tally = _tenants.GetOrAdd(tenant, static _ => new Tally());
        lock (tally)
        {
            tally.Count++;
            if (IsOver(tally))
            {
                (tally.Since, tally.Written) = (time.GetTimestamp(), 0);
            }

            if (tally.Written == perSecond && !_isLast)
            {
                return null;
            }

            (var count, tally.Count, tally.Written) = (tally.Count, 0, tally.Written + 1);
            return count;
        }
    }

    /// <summary>What was counted since the last line of each tenant whose second is over: it counts as told.</summary>
    /// <param name="isLast">
    /// Whether it is never asked again: then also while its second runs, and whatever is counted after it is to be written.
    /// </param>
    public List<(string Tenant, int Count)> TakeUntold(bool isLast = false)
    {
        _isLast |= isLast;
        List<(string, int)> untold = [];
        foreach (var (tenant, tally) in _tenants)
        {
            lock (tally)
            {
                if (tally.Count > 0 && (isLast || IsOver(tally)))
                {
                    untold.Add((tenant, tally.Count));
                    tally.Count = 0;
                }
            }
        }

        return untold;
    }

    private bool IsOver(Tally tally) => tally.Since is not { } since || time.GetElapsedTime(since) >= Pause;

    private sealed class Tally
    {
        public int Count { get; set; }

        public int Written { get; set; }

        /// <summary>When its second began; by no clock that somebody sets.</summary>
        public long? Since { get; set; }
    }
}
