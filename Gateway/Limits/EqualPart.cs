namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// What a gateway has of a limit while the cluster does not answer. Of a limit that does not have a whole unit for each gateway some
/// gateways have one sooner than others, by chance, so that all together keep to it. Who has a place changes every few seconds, so that
/// no client is refused for as long as the cluster is away.
/// </summary>
internal sealed class EqualPart
{
    /// <summary>After this time others have the places.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(10);

    /// <summary>What a turn adds to the chance: turns spread evenly, however many there are (the golden ratio).</summary>
    private const double Spread = 0.618_033_988_749_895;

    private readonly PermitTerms _terms;
    private readonly LimitShares _shares;
    private readonly Func<int>? _inUse;
    private readonly RateGate _gate;
    private readonly double _chance;
    private readonly TimeProvider _time;
    private readonly long _began;

    public EqualPart(PermitTerms terms, LimitShares shares, string limit, Func<int>? inUse, TimeProvider time)
    {
        (_terms, _shares, _inUse, _time, _began) = (terms, shares, inUse, time, time.GetTimestamp());
        _chance = (uint)HashCode.Combine(shares.Gateway, limit) / (uint.MaxValue + 1.0);
        var burst = Math.Max(1, terms.Depth / shares.Gateways);
        _gate = new RateGate(time, TimeSpan.FromSeconds(burst / PerSecond));
        _gate.Take(burst - (burst > 1 ? 1 : _chance), PerSecond);
    }

    private double PerSecond => _terms.Most / _shares.Gateways;

    /// <summary>How long until there is a unit; nothing is taken.</summary>
    public TimeSpan WaitFor() => _inUse is not null ? Places(_inUse) : _gate.WaitFor(1, PerSecond);

    /// <summary>Takes a unit; how long until there is one, otherwise.</summary>
    public TimeSpan Take()
    {
        if (_inUse is not null)
        {
            return Places(_inUse);
        }

        _gate.TryTake(1, PerSecond, out var wait);
        return wait;
    }

    private TimeSpan Places(Func<int> inUse)
    {
        var chance = (_chance + (Math.Floor(_time.GetElapsedTime(_began) / Turn) * Spread)) % 1;
        return inUse() + 1 <= (int)(PerSecond + chance) ? TimeSpan.Zero : TimeSpan.FromSeconds(1);
    }
}
