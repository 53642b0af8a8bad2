using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Limits;

/// <summary>
/// Which share of which limits of bytes gateways of the version before have; later ones get permits. What nobody uses goes to those who can
/// use it, in equal parts; nobody loses what they have before they have been told so. What a gateway that says nothing is asked for later
/// comes out of an equal share, until it says so.
/// </summary>
internal sealed class LimitBook(TimeProvider time)
{
    /// <summary>Limits that are kept; those beyond are shared equally.</summary>
    internal const int Capacity = 20_000;

    /// <summary>In this time everybody who has a share has said so.</summary>
    private static readonly TimeSpan Learning = LimitSharing.Period * 1.5;

    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, SharedLimit> _limits = [];
    private readonly long _start = time.GetTimestamp();
    private DateTimeOffset _sweepAt;

    /// <summary>How many limits are kept.</summary>
    public int Count => _limits.Count;

    /// <summary>The share of a gateway from now on.</summary>
    public double Share(string gateway, int gateways, LimitDemand demand)
    {
        var now = DateTimeOffset.UnixEpoch + time.GetElapsedTime(_start);
        Sweep(now);
        var equal = demand.Most / Math.Max(1, gateways);
        if (!double.IsFinite(demand.Most + demand.Wanted + demand.Held + demand.InUse))
        {
            return 0;
        }

        if (!_limits.TryGetValue(demand.Limit, out var limit))
        {
            if (_limits.Count >= Capacity)
            {
                return equal;
            }

            _limits[demand.Limit] = limit = new SharedLimit();
        }

        return now < DateTimeOffset.UnixEpoch + Learning
            ? limit.Learn(gateway, demand, equal, now)
            : limit.Share(gateway, demand, equal, now);
    }

    private void Sweep(DateTimeOffset now)
    {
        if (now < _sweepAt)
        {
            return;
        }

        _sweepAt = now + SweepPeriod;
        foreach (var (name, _) in _limits.Where(limit => limit.Value.IsOver(now)).ToList())
        {
            _limits.Remove(name);
        }
    }
}
