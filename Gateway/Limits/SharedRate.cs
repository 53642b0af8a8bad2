namespace RegistryProxy.Gateway.Limits;

/// <summary>A rate that all gateways of the cluster keep together: each keeps to its share.</summary>
internal sealed class SharedRate(LimitShare share, RateGate gate)
{
    private double _rate;

    /// <summary>This gateway's part of a limit of the cluster, in units per second.</summary>
    public double PerSecond(double most) => share.Of(most);

    /// <summary>How long until something may be taken again; zero when it may be now. Nothing is taken.</summary>
    public TimeSpan WaitFor(double most)
    {
        var wait = gate.WaitFor(1, Follow(most));
        if (wait > TimeSpan.Zero)
        {
            share.Demand(most, 1);
            share.Starve();
        }

        return wait;
    }

    /// <summary>Takes one unit, if the rate allows it now.</summary>
    /// <param name="most">The limit of the cluster, in units per second.</param>
    /// <param name="wait">How long until it would, otherwise.</param>
    /// <param name="left">The part of the rate that must be left for others.</param>
    public bool TryTake(double most, out TimeSpan wait, double left = 0)
    {
        share.Demand(most, 1);
        var rate = Follow(most);
        if (gate.TryTake(1, rate, out wait, left > 0 ? Math.Max(1, rate * left) : 0))
        {
            return true;
        }

        share.Starve();
        return false;
    }

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
