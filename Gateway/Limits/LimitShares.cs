using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// The limits of the cluster that this gateway is asked for now. What it needs is told the cluster every second, and sooner when it has too
/// little; a gateway that is alone has everything and tells nobody.
/// </summary>
internal sealed class LimitShares
{
    /// <summary>Limits that are told of at a time; of those beyond each gateway has an equal part.</summary>
    internal const int Capacity = 10_000;

    /// <summary>So many of those are kept for whole tenants: addresses and identities may be invented by the thousand.</summary>
    private const int OfTenants = Capacity / 5;

    /// <summary>A silo that has just begun to count counts too few: fewer gateways are believed after this time.</summary>
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(5);

    private readonly TimeProvider _time;
    private volatile int _gateways = 1;
    private long _fewerSince;
    private int _permits;

    public LimitShares(TimeProvider time)
    {
        _time = time;
        Unshared = new UnsharedLimits(time);
        Permits = [.. Enumerable.Range(0, LimitSharing.Shards).Select(_ => new PermitShard(this, time))];
    }

    /// <summary>Names this gateway to the cluster.</summary>
    public string Gateway { get; } = Guid.NewGuid().ToString("N");

    /// <summary>The limits whose units are counted one by one, by the grain that shares them out.</summary>
    public IReadOnlyList<PermitShard> Permits { get; }

    /// <summary>How many gateways share the limits; 1 or more.</summary>
    public int Gateways
    {
        get => _gateways;
        set
        {
            var gateways = Math.Max(1, value);
            _fewerSince = gateways >= _gateways ? 0 : _fewerSince == 0 ? _time.GetTimestamp() : _fewerSince;
            if (gateways >= _gateways || _time.GetElapsedTime(_fewerSince) >= Doubt)
            {
                (_gateways, _fewerSince) = (gateways, 0);
            }
        }
    }

    /// <summary>Limits that the cluster does not share out to this gateway.</summary>
    public UnsharedLimits Unshared { get; }

    /// <summary>Whether there is room for one more limit of permits; it is taken.</summary>
    /// <param name="isOfTenant">Whether it is the limit of a whole tenant.</param>
    public bool ListPermits(bool isOfTenant)
    {
        if (Interlocked.Increment(ref _permits) <= (isOfTenant ? Capacity : Capacity - OfTenants))
        {
            return true;
        }

        UnlistPermits();
        return false;
    }

    /// <summary>A limit of permits is asked for no more.</summary>
    public void UnlistPermits() => Interlocked.Decrement(ref _permits);
}
