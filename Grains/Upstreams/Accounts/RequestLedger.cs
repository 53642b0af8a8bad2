using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Accounts;

/// <summary>
/// What is left of a rate limit. Permits are debited when they are given, since answers tell of them later; what the upstream shows
/// corrects that: downwards at once, upwards when it cannot be explained by requests under way. When nothing is left, one permit is given
/// now and then, because only an answer tells that there is more again.
/// </summary>
internal sealed class RequestLedger(TimeProvider time)
{
    /// <summary>How long a request may take until its answer is seen.</summary>
    private static readonly TimeSpan UnderWay = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan ProbeCheck = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MinProbe = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxProbe = TimeSpan.FromSeconds(60);

    private readonly Queue<(TimeSpan At, int Permits)> _given = [];
    private readonly Dictionary<string, (TimeSpan At, int Requests)> _underWay = [];
    private int? _limit;
    private int _free;
    private int _shown;
    private TimeSpan _window;
    private TimeSpan _seen;
    private TimeSpan _probed;
    private TimeSpan _probeAt;

    /// <summary>How many gateways asked within the life of a lease.</summary>
    public int Gateways => _underWay.Count;

    public bool IsKnown { get; private set; }

    public bool IsMetered => _limit is not null;

    /// <param name="sighting">What an answer showed.</param>
    /// <param name="unmetered">Requests that may be under way without a permit, when this is the first sighting.</param>
    public void Note(RateLimitSighting sighting, int unmetered)
    {
        var now = time.GetSteadyNow();
        var underWay = CountUnderWay(now);
        _free = sighting.Limit != _limit ? sighting.Remaining - unmetered
            : sighting.Remaining > _shown + underWay && now - _seen > MinProbe ? sighting.Remaining - underWay
            : Math.Min(_free, sighting.Remaining);
        _shown = sighting.Limit == _limit && now - _seen < MinProbe ? Math.Min(_shown, sighting.Remaining) : sighting.Remaining;
        (_limit, _window, _seen, IsKnown) = (sighting.Limit, sighting.Window, now, true);
    }

    /// <summary>The upstream refused a metered request: nothing is left, whatever was thought.</summary>
    public void Exhaust(TimeSpan wait) => (_free, _shown, _seen, _probeAt) = (0, 0, time.GetSteadyNow(), time.GetSteadyNow() + wait);

    public BudgetLease Lease(LeaseRequest request, int gateways)
    {
        Forget(time.GetSteadyNow());
        _underWay[request.Gateway] = (time.GetSteadyNow(), request.UnderWay);
        if (_limit is not { } limit)
        {
            return new BudgetLease(request.Wanted, TimeSpan.Zero);
        }

        var now = time.GetSteadyNow();
        var underWay = CountUnderWay(now);
        _free += request.Returned;
        if (_window > TimeSpan.Zero && now - _seen > _window)
        {
            (_free, _shown, _seen) = (limit, limit, now);
        }

        return _free > 0 ? Give(Math.Min(request.Wanted, (_free + gateways - 1) / gateways), now)
            : _shown > 0 && underWay > 0 ? new BudgetLease(0, ProbeCheck)
            : Probe(limit, now);
    }

    public UpstreamAccountStatus Describe() => _limit is { } limit
        ? new()
        {
            Limit = limit, Remaining = Math.Max(0, _shown), WindowSeconds = _window > TimeSpan.Zero ? (int)_window.TotalSeconds : null
        }
        : new();

    private BudgetLease Give(int permits, TimeSpan now)
    {
        _free -= permits;
        _given.Enqueue((now, permits));
        return new BudgetLease(permits, TimeSpan.Zero);
    }

    private BudgetLease Probe(int limit, TimeSpan now)
    {
        if (_probed > _seen && now - _probed < UnderWay)
        {
            return new BudgetLease(0, ProbeCheck);
        }

        // More was shown to be left than is accounted for: one at a time takes it up.
        if (_probeAt > now && _shown <= 0)
        {
            return new BudgetLease(0, _probeAt - now);
        }

        var each = _window / Math.Max(1, limit);
        (_probed, _probeAt) = (now, now + (each < MinProbe ? MinProbe : each > MaxProbe ? MaxProbe : each));
        return new BudgetLease(1, TimeSpan.Zero);
    }

    private int CountUnderWay(TimeSpan now)
    {
        while (_given.TryPeek(out var oldest) && now - oldest.At > UnderWay)
        {
            _given.Dequeue();
        }

        return Math.Max(
            _given.Sum(lease => lease.Permits), _underWay.Values.Where(each => now - each.At < BudgetLease.Lifetime)
                .Sum(each => each.Requests));
    }

    private void Forget(TimeSpan now)
    {
        foreach (var (gateway, each) in _underWay)
        {
            if (now - each.At >= BudgetLease.Lifetime)
            {
                _underWay.Remove(gateway);
            }
        }
    }
}

/// <summary>What a gateway asks of the ledger.</summary>
/// <param name="Gateway">Who asks.</param>
/// <param name="Wanted">Permits that it wants.</param>
/// <param name="Returned">Unused permits that it gives back.</param>
/// <param name="UnderWay">Its metered requests that have no answer yet.</param>
internal readonly record struct LeaseRequest(string Gateway, int Wanted, int Returned, int UnderWay);
