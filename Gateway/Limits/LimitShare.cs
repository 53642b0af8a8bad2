using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// This gateway's share of one limit of the cluster: what it was given of late by what it is asked for, or else an equal part.
/// </summary>
/// <param name="shares">The shares of this gateway.</param>
/// <param name="tenant">Whose limit it is.</param>
/// <param name="kind">What is limited.</param>
internal sealed class LimitShare(LimitShares shares, string tenant, string kind)
{
    private readonly long _began = shares.Now;
    private AssignedShare? _assigned;
    private double _most;
    private long _asked;
    private long _since;
    private int _starved;
    private int _isListed;

    /// <summary>Which of the grains shares it out, and its name there.</summary>
    public LimitName Name => field ??= LimitName.Of(tenant, kind, "");

    /// <summary>What this gateway may use now, of a limit of the cluster.</summary>
    public double Of(double most) => shares.Gateways is 1 ? most
        : Volatile.Read(ref _assigned) is { } assigned && assigned.Most == most && shares.Now < assigned.Until ? assigned.Share
        : most / shares.Gateways;

    /// <summary>It is asked for.</summary>
    /// <param name="most">The limit of the cluster.</param>
    /// <param name="units">Units that are asked for now.</param>
    public void Demand(double most, long units)
    {
        if (shares.Gateways == 1)
        {
            return;
        }

        Volatile.Write(ref _most, most);
        Interlocked.Add(ref _asked, units);
        if (Volatile.Read(ref _isListed) == 0 && Interlocked.Exchange(ref _isListed, 1) == 0 && !shares.List(this))
        {
            Volatile.Write(ref _isListed, 0);
        }
    }

    /// <summary>More is asked for than the share has.</summary>
    public void Starve()
    {
        if (shares.Gateways > 1)
        {
            Volatile.Write(ref _starved, 1);
            shares.Hurry();
        }
    }

    /// <summary>What was asked for since this was called last.</summary>
    public LimitDemand Take()
    {
        var (now, most) = (shares.Now, Volatile.Read(ref _most));
        var asked = (double)Interlocked.Exchange(ref _asked, 0);
        var starved = Interlocked.Exchange(ref _starved, 0) == 1;
        var seconds = Math.Max(0.1, shares.Seconds(Math.Max(_since, _began), now));
        _since = now;
        var wanted = asked / Math.Min(seconds, 2);
        var held = Volatile.Read(ref _assigned) is { } assigned && now < assigned.Until ? assigned.Share : 0;

        // Who waits does not ask again: so much that is held back may be any more.
        return new LimitDemand(Name.Limit, most, starved ? Math.Max(wanted, most) : wanted, held, InUse: 0);
    }

    /// <summary>The cluster answered.</summary>
    /// <param name="demand">To this.</param>
    /// <param name="share">The share; 0 when nothing was wanted.</param>
    /// <returns>Whether it is to be asked about again, however little is asked for.</returns>
    public bool Settle(LimitDemand demand, double share)
    {
        Volatile.Write(ref _assigned,
            share > 0 && double.IsFinite(share)
                ? new AssignedShare(demand.Most, Math.Min(share, demand.Most), shares.Now + shares.Lifetime) : null);
        return demand.Wanted > 0;
    }

    /// <summary>It is listed again when it is asked for.</summary>
    public void Unlist() => Volatile.Write(ref _isListed, 0);

    private sealed record AssignedShare(double Most, double Share, long Until);
}
