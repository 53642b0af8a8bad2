using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Limits;

/// <summary>The buckets of limits whose units are counted one by one. Who is asked for less than the limit gets all of it.</summary>
internal sealed class PermitBook(TimeProvider time)
{
    /// <summary>Limits that are kept; those beyond are shared equally.</summary>
    internal const int Capacity = 20_000;

    /// <summary>Of these, kept for limits of whole tenants: identities and addresses may be invented.</summary>
    internal const int OfTenants = Capacity / 5;

    /// <summary>In this time everybody who holds something has said so.</summary>
    private static readonly TimeSpan Learning = LimitSharing.Period * 1.5;

    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(10);

    private readonly Dictionary<string, PermitPool> _pools = [];
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _sweepAt;

    /// <summary>How many limits are kept.</summary>
    public int Count => _pools.Count;

    /// <summary>Gives out what a gateway needs of a limit.</summary>
    public PermitGrant Grant(string gateway, int gateways, PermitDemand demand)
    {
        var now = time.GetElapsedTime(_start);
        Sweep(now);
        if (!double.IsFinite(demand.Most + demand.Left) || demand.Most <= 0)
        {
            return NotShared;
        }

        if (!_pools.TryGetValue(demand.Limit, out var pool))
        {
            if (_pools.Count >= (demand.IsOfTenant ? Capacity : Capacity - OfTenants))
            {
                return NotShared;
            }

            _pools[demand.Limit] = pool = new PermitPool();
        }

        return pool.Grant(gateway, gateways, demand, now, now < Learning);
    }

    private static PermitGrant NotShared => new(-1, 0, 0);

    private void Sweep(TimeSpan now)
    {
        if (now < _sweepAt)
        {
            return;
        }

        _sweepAt = now + SweepPeriod;
        foreach (var (name, _) in _pools.Where(pool => pool.Value.IsOver(now)).ToList())
        {
            _pools.Remove(name);
        }
    }
}
