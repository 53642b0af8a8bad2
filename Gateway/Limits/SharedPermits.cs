using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// Units of a limit of the cluster, counted one by one. This gateway has some at hand, by what it is asked for; who finds none waits for
/// the cluster's answer, one question for all. A gateway that is alone has everything and asks nobody; one that gets no answer has an
/// equal part.
/// </summary>
/// <param name="shares">The limits of this gateway.</param>
/// <param name="time">The time.</param>
/// <param name="tenant">Whose limit it is.</param>
/// <param name="kind">What is limited.</param>
/// <param name="of">The identity or address that is limited; empty for the tenant.</param>
/// <param name="inUse">Places that are in use now; <c>null</c> for a rate.</param>
/// <param name="isByLump">Whether who waits for one needs many, one after the other.</param>
internal sealed class SharedPermits(
    LimitShares shares, TimeProvider time, string tenant, string kind, string of = "", Func<int>? inUse = null, bool isByLump = false)
{
    /// <summary>How long a request waits for permits.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(0.3);

    private readonly Lock _change = new();
    private readonly PermitPace _pace = new(time);
    private readonly PermitStock _stock = new();
    private readonly PermitLump? _lump = isByLump ? new PermitLump(time) : null;
    private PermitTerms? _terms;
    private TaskCompletionSource _answered = New();
    private UnsharedUnits? _unshared;
    private PermitView _view = PermitView.Unknown;
    private int _waiting;
    private int _leaving;
    private double _left;
    private int _isListed;
    private readonly Silence _silence = new(time);
    private volatile bool _isDue;
    private volatile bool _isRefused;
    private long _servedAt = time.GetTimestamp();

    private LimitName Name => field ??= LimitName.Of(tenant, kind, of);

    private UnsharedUnits Unshared => Volatile.Read(ref _unshared)
        ?? Interlocked.CompareExchange(ref _unshared, new UnsharedUnits(shares, tenant, Name.Limit, inUse, time), null) ?? _unshared!;

    private PermitShard Shard => shares.Permits[Name.Shard];

    /// <summary>Units that are taken here in a second, of late.</summary>
    public double PerSecond => _pace.PerSecond;

    /// <summary>Whether it is the limit of a whole tenant.</summary>
    public bool IsOfTenant => of.Length == 0;

    /// <summary>Whether somebody waits for permits, or will soon, or may for those that are free here.</summary>
    public bool IsShort => _isDue || Volatile.Read(ref _waiting) + Volatile.Read(ref _leaving) > 0;

    /// <summary>Permits at hand.</summary>
    public int Stock => _stock.Count;

    /// <summary>How long until something may be taken again, as far as it is known; zero when it may be now. Nothing is taken.</summary>
    public TimeSpan WaitFor(double most)
    {
        var terms = Follow(most);
        return terms.IsAlone ? terms.Gate.WaitFor(1, most)
            : Stock > 0 ? TimeSpan.Zero
            : _silence.Lasts ? Unshared.WaitFor(terms)
            : Volatile.Read(ref _view).Wait(leaves: false, time);
    }

    /// <summary>Takes a unit, at hand or from the cluster; how long until there is one, otherwise.</summary>
    /// <param name="most">The limit of the cluster, in places or units per second.</param>
    /// <param name="left">The part of what may be used at once that must be left for others.</param>
    public ValueTask<TimeSpan> Take(double most, double left = 0)
    {
        var terms = Follow(most);
        if (terms.IsAlone)
        {
            if (inUse is not null)
            {
                return default;
            }

            terms.Gate.TryTake(1, most, out var wait, left > 0 ? Math.Max(1, most * left) : 0);
            return new(wait);
        }

        return TryTake(terms, left) ? default : new(Ask(terms, left));
    }

    /// <summary>A place is free again: others of the cluster may want it at once.</summary>
    public void GiveBack()
    {
        _stock.Add(1);
        if (Ensure())
        {
            _isDue = true;
            Shard.Hurry();
        }
    }

    /// <summary>Places that this gateway could have yet, as far as it is known.</summary>
    public int Unused(double most) => (int)Math.Clamp(Volatile.Read(ref _view).LevelAt(time) + Stock, 0, most);

    /// <summary>What this gateway needs now.</summary>
    public PermitQuestion Take()
    {
        var terms = Volatile.Read(ref _terms)!;
        _isDue = false;
        var answered = Interlocked.Exchange(ref _answered, New());
        var (waiting, leaving) = (Interlocked.Exchange(ref _waiting, 0), Interlocked.Exchange(ref _leaving, 0));
        _pace.Measure();
        var usual = Usual(terms);

        // Who was told to go on may not have taken theirs yet.
        var returned = time.GetElapsedTime(Volatile.Read(ref _servedAt)) > Patience ? _stock.TakeBeyond(usual) : 0;
        var unasked = inUse is null ? Volatile.Read(ref _unshared)?.Untold ?? 0 : 0;
        var (stock, urgent) = (Stock, Math.Max(waiting, waiting > 0 && _lump is not null ? _lump.Next(terms.Depth) : 0) + leaving);
        return new PermitQuestion(
            new PermitDemand(
                Name.Limit, terms.Most, inUse is not null, stock + (inUse?.Invoke() ?? 0), returned - unasked, urgent,
                Math.Max(0, usual - stock))
            {
                Left = waiting > 0 || leaving == 0 ? 0 : Volatile.Read(ref _left), IsOfTenant = IsOfTenant,
            },
            answered,
            unasked);
    }

    /// <summary>The cluster answered, or did not.</summary>
    /// <returns>Whether it is to be asked again, however little is asked for.</returns>
    public bool Settle(PermitQuestion question, PermitGrant? answer)
    {
        if (answer is { Units: >= 0 } grant)
        {
            _silence.End();
            Volatile.Read(ref _unshared)?.Tell(question.Unasked);
            _lump?.Answered(question.Demand, grant);
            if (grant.Units > 0 && question.Demand.Urgent > 0)
            {
                Volatile.Write(ref _servedAt, time.GetTimestamp());
            }

            var stock = _stock.Add(grant.Units);
            Volatile.Write(ref _view, Volatile.Read(ref _view).After(question.Demand, grant, stock, time));
        }
        else
        {
            _isRefused = answer is not null;
            _silence.Begin();
            if (Volatile.Read(ref _view).IsOver(time))
            {
                // The cluster has given it to others by now.
                _stock.TakeBeyond(Free(Volatile.Read(ref _terms)!));
            }
        }

        question.Answered.TrySetResult();
        return question.Demand is { Urgent: > 0 } or { Ahead: > 0 } || _pace.PerSecond >= PermitPace.Least || inUse?.Invoke() > 0;
    }

    /// <summary>It is listed again when it is asked for.</summary>
    public void Unlist()
    {
        Volatile.Write(ref _isListed, 0);
        if (Volatile.Read(ref _waiting) + Volatile.Read(ref _leaving) > 0)
        {
            Ensure();
            Shard.Urge();
        }
    }

    /// <summary>As many as are usually at hand: what is free for each, and what a second takes; of places, which come back, none.</summary>
    private int Usual(PermitTerms terms) => Free(terms) + (inUse is null ? (int)Math.Min(terms.Depth, _pace.PerSecond + 0.5) : 0);

    private int Free(PermitTerms terms) => LimitSharing.FreeOf(terms.Most, inUse is not null, shares.Gateways);

    private bool TryTake(PermitTerms terms, double left)
    {
        if (left > 0 && !Volatile.Read(ref _view).Leaves(left * terms.Depth, Stock, time))
        {
            return false;
        }

        if (!_stock.TryTake(out var stock))
        {
            return false;
        }

        _pace.Count();
        if (Ensure() && stock * 2 < Usual(terms))
        {
            _isDue = true;
            Shard.Hurry();
        }

        return true;
    }

    private async Task<TimeSpan> Ask(PermitTerms terms, double left)
    {
        var until = time.GetTimestamp() + (long)(Patience.TotalSeconds * time.TimestampFrequency);
        while (true)
        {
            var now = time.GetTimestamp();
            if (Volatile.Read(ref _view).Wait(left > 0, time) is var wait && wait > TimeSpan.Zero)
            {
                return wait;
            }

            var isListed = Ensure();
            if (!isListed || now >= until || _silence.Lasts || Shard.IsSilent)
            {
                return TakeUnshared(terms, !isListed ? UnsharedCause.TooManyHere
                    : _isRefused && _silence.Lasts ? UnsharedCause.TooMany : UnsharedCause.NoAnswer);
            }

            await Answer(left * terms.Depth, time.GetElapsedTime(now, until));
            if (TryTake(terms, left))
            {
                return TimeSpan.Zero;
            }

            var view = Volatile.Read(ref _view);
            if (left > 0 && view.IsSince(now) && !view.Leaves(left * terms.Depth, Stock, time))
            {
                Volatile.Write(ref _view, view.Refusing(left * terms.Depth, terms.Most, time));
            }
        }
    }

    private TimeSpan TakeUnshared(PermitTerms terms, UnsharedCause cause)
    {
        var wait = Unshared.Take(terms, cause);
        if (wait == TimeSpan.Zero)
        {
            _pace.Count();
        }

        return wait;
    }

    private async Task Answer(double left, TimeSpan patience)
    {
        var answered = Volatile.Read(ref _answered).Task;
        if (left > 0)
        {
            Volatile.Write(ref _left, left);
            Interlocked.Increment(ref _leaving);
        }
        else
        {
            Interlocked.Increment(ref _waiting);
        }

        Shard.Urge();
        await answered.WaitAsync(patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private bool Ensure()
    {
        if (Volatile.Read(ref _isListed) == 0 && Interlocked.Exchange(ref _isListed, 1) == 0 && !Shard.List(this))
        {
            Volatile.Write(ref _isListed, 0);
            return false;
        }

        return true;
    }

    private PermitTerms Follow(double most)
    {
        var terms = Volatile.Read(ref _terms);
        return terms is not null && terms.Most == most && terms.IsAlone == (shares.Gateways == 1) ? terms : Change(most);
    }

    private PermitTerms Change(double most)
    {
        lock (_change)
        {
            var isAlone = shares.Gateways == 1;
            var before = _terms;
            if (before is not null && before.Most == most && before.IsAlone == isAlone)
            {
                return before;
            }

            var terms = new PermitTerms(most, isAlone, inUse is not null, time);
            _stock.Count = before is null or { IsAlone: true } ? Free(terms) : Math.Min(Stock, Free(terms));
            _view = PermitView.Unknown;
            Volatile.Read(ref _unshared)?.Begin();
            _silence.End();
            Volatile.Write(ref _terms, terms);
            return terms;
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
