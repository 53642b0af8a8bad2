using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Limits;

/// <summary>
/// The shares of one limit. The sums are kept, so that a limit that nobody exceeds costs the same for one gateway and for a hundred.
/// </summary>
internal sealed class SharedLimit
{
    /// <summary>Gateways that are told apart; those beyond have an equal share.</summary>
    internal const int MaxGateways = 1000;

    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(0.2);

    private readonly Dictionary<string, GatewayShare> _gateways = [];
    private double _wanted;
    private double _shares;
    private double _level;
    private DateTimeOffset _levelUntil;
    private DateTimeOffset _forgetAt;

    /// <summary>Whether nobody holds a share any more.</summary>
    public bool IsOver(DateTimeOffset now) => _gateways.Values.All(share => share.Until <= now);

    /// <summary>A gateway says what it has, and keeps it.</summary>
    public double Learn(string gateway, LimitDemand demand, double equal, DateTimeOffset now)
    {
        Leave(gateway);
        return demand.Wanted > 0 ? Keep(gateway, demand, demand.Held > 0 ? Math.Min(demand.Held, demand.Most) : equal, now) : 0;
    }

    /// <summary>A gateway's share by what it and the others are asked for.</summary>
    public double Share(string gateway, LimitDemand demand, double equal, DateTimeOffset now)
    {
        Forget(now);
        Leave(gateway);
        if (demand.Wanted <= 0)
        {
            return 0;
        }

        var due = Due(demand, now);
        var free = Math.Max(0, demand.Most - _shares);
        return Keep(gateway, demand, due <= free ? due : Math.Max(free, Math.Min(due, equal)), now);
    }

    /// <summary>
    /// What is due to one more: what it wants and an equal part of what is left over; when they want too much together, what it wants up to
    /// a level that is the same for all.
    /// </summary>
    private double Due(LimitDemand demand, DateTimeOffset now)
    {
        var spare = demand.Most - demand.Wanted - _wanted;
        if (spare >= 0)
        {
            return demand.Wanted + (spare / (_gateways.Count + 1));
        }

        if (now >= _levelUntil)
        {
            (_level, _levelUntil) = (Level(demand.Most, [.. _gateways.Values.Select(share => share.Wanted), demand.Wanted]),
                now + LookPeriod);
        }

        return Math.Min(demand.Wanted, _level);
    }

    private static double Level(double most, double[] wanted)
    {
        Array.Sort(wanted);
        for (var (number, left) = (0, most); number < wanted.Length; number++)
        {
            var level = left / (wanted.Length - number);
            if (wanted[number] > level)
            {
                return level;
            }

            left -= wanted[number];
        }

        return most;
    }

    private double Keep(string gateway, LimitDemand demand, double due, DateTimeOffset now)
    {
        var share = Math.Max(due, Math.Min(demand.InUse, demand.Most));
        if (_gateways.Count < MaxGateways)
        {
            _gateways[gateway] = new GatewayShare(Math.Min(demand.Wanted, demand.Most), share, now + LimitSharing.Lifetime);
            (_wanted, _shares) = (_wanted + _gateways[gateway].Wanted, _shares + share);
        }

        return share;
    }

    private void Leave(string gateway)
    {
        if (_gateways.Remove(gateway, out var share))
        {
            (_wanted, _shares) = _gateways.Count == 0 ? (0, 0) : (_wanted - share.Wanted, _shares - share.Share);
        }
    }

    private void Forget(DateTimeOffset now)
    {
        if (now < _forgetAt)
        {
            return;
        }

        _forgetAt = now + LookPeriod;
        foreach (var (gateway, _) in _gateways.Where(share => share.Value.Until <= now).ToList())
        {
            Leave(gateway);
        }
    }

    private readonly record struct GatewayShare(double Wanted, double Share, DateTimeOffset Until);
}
