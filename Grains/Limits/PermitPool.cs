using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Limits;

/// <summary>
/// The one bucket of a limit. What gateways hold is part of what may be used at once, so that all of them together never use more than the
/// limit and one burst. Who gets more than an equal part leaves the last fifth to the others.
/// </summary>
internal sealed class PermitPool
{
    /// <summary>Gateways that are told apart; those beyond get nothing ahead.</summary>
    internal const int MaxGateways = 1000;

    /// <summary>The part of a burst that is for requests that wait, and not for those to come.</summary>
    private const double Kept = 0.5;

    private const double LastOnes = 0.2;

    /// <summary>Of fewer there are no last ones.</summary>
    private const int LeastWithLastOnes = 4;

    private const double LeastRetry = 0.1;

    private readonly Dictionary<string, Holder> _holders = [];
    private double _level = double.NaN;
    private double _depth;
    private double _most;
    private long _held;
    private long _free;
    private TimeSpan _at;
    private TimeSpan _forgetAt;

    /// <summary>Whether nobody holds anything any more, and a new bucket would be like this one.</summary>
    public bool IsOver(TimeSpan now) =>
        _holders.Values.All(holder => holder.Until <= now) && (now - _at).TotalSeconds * _most >= _depth;

    /// <summary>Gives out what a gateway needs, as far as it goes.</summary>
    /// <param name="gateway">Who.</param>
    /// <param name="gateways">How many there are.</param>
    /// <param name="demand">What.</param>
    /// <param name="now">The steady time.</param>
    /// <param name="isLearning">Whether gateways may hold what is not known of here.</param>
    public PermitGrant Grant(string gateway, int gateways, PermitDemand demand, TimeSpan now, bool isLearning)
    {
        Forget(now);
        var recent = Leave(gateway) is { } before ? before.Recent * Math.Exp((before.At - now).TotalSeconds) : 0;
        var held = Math.Max(0, demand.Held);
        var known = _holders.Count + 1;
        Refill(demand, held, Math.Max(0, gateways - known), now, isLearning);
        var part = demand.Most / known;
        var isHeavy = known > 1 && _depth >= LeastWithLastOnes && (demand.ArePlaces ? held : recent) >= part;
        var last = isHeavy ? Math.Max(1, _depth * LastOnes) : 0;
        var unused = _level + (demand.ArePlaces ? 0 : _held + held + _free);
        var open = Math.Min(_level - last, unused - Math.Max(0, demand.Left));
        var urgent = Whole(demand.Urgent, open);
        var ahead = known <= MaxGateways ? Whole(demand.Ahead, _level - urgent - Math.Max(last, _depth * Kept)) : 0;
        _level -= urgent + ahead;
        if (known <= MaxGateways)
        {
            // Units that requests wait for are used at once; places stay.
            held += ahead + (demand.ArePlaces ? urgent : 0);
            _holders[gateway] = new Holder(held, recent + urgent + ahead, now, now + LimitSharing.Lifetime);
            _held += held;
        }

        return new PermitGrant(
            urgent + ahead, demand.ArePlaces ? _level : unused, urgent == demand.Urgent ? 0
                : demand.ArePlaces ? LeastRetry : Math.Max(LeastRetry, (1 - open) / demand.Most));
    }

    private static int Whole(int wanted, double available) => (int)Math.Clamp(Math.Floor(available + 1e-6), 0, Math.Max(0, wanted));

    /// <summary>
    /// What is left now. A bucket that begins while it is not known what gateways hold has half of it: no more is ever held.
    /// </summary>
    private void Refill(PermitDemand demand, int held, int unknown, TimeSpan now, bool isLearning)
    {
        _depth = LimitSharing.DepthOf(demand.Most, demand.ArePlaces);
        _free = (long)unknown * LimitSharing.FreeOf(demand.Most, demand.ArePlaces, unknown + _holders.Count + 1);
        var room = _depth - _held - held - _free;
        var begun = isLearning ? Math.Min(room, Math.Ceiling(_depth * Kept) - (demand.ArePlaces ? _held + held : 0)) : room;
        _level = demand.ArePlaces ? begun
            : double.IsNaN(_level) ? begun
            : Math.Min(room, Math.Max(0, _level + ((now - _at).TotalSeconds * demand.Most) + Math.Clamp(demand.Returned, -_depth, _depth)));
        (_at, _most) = (now, demand.Most);
    }

    private Holder? Leave(string gateway)
    {
        if (!_holders.Remove(gateway, out var holder))
        {
            return null;
        }

        _held -= holder.Held;
        return holder;
    }

    private void Forget(TimeSpan now)
    {
        if (now < _forgetAt)
        {
            return;
        }

        _forgetAt = now + (LimitSharing.Lifetime / 10);
        foreach (var (gateway, _) in _holders.Where(holder => holder.Value.Until <= now).ToList())
        {
            Leave(gateway);
        }
    }

    private readonly record struct Holder(int Held, double Recent, TimeSpan At, TimeSpan Until);
}
