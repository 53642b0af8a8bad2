namespace RegistryProxy.Gateway.Limits;

/// <summary>A rate of bytes that all gateways of the cluster keep together: each keeps to its share; who has too little waits.</summary>
internal sealed class SharedRate(LimitShare share, RateGate gate)
{
    private double _rate;

    /// <summary>Takes units in any case; returns how long to wait so that the rate holds.</summary>
    public TimeSpan Take(long units, double most)
    {
        share.Demand(most, units);
        var wait = gate.Take(units, Follow(most));
        if (wait > TimeSpan.Zero)
        {
            share.Starve();
        }

        return wait;
    }

    /// <summary>How long until the rate holds again, for one who waits; zero when it does. It is still wanted.</summary>
    public TimeSpan Owed(double most)
    {
        Follow(most);
        var owed = gate.Owed();
        if (owed > TimeSpan.Zero)
        {
            share.Demand(most, 0);
            share.Starve();
        }

        return owed;
    }

    /// <summary>The rate now; what was taken at another one weighs as much as before, in units.</summary>
    private double Follow(double most)
    {
        var rate = share.Of(most);
        var before = Volatile.Read(ref _rate);
        if (before != rate && Interlocked.CompareExchange(ref _rate, rate, before) == before && before > 0)
        {
            gate.Rescale(before / rate);
        }

        return rate;
    }
}
