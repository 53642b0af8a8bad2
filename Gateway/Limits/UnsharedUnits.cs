namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// What a gateway takes of a limit that the cluster does not share out now: an equal part, which the cluster is told later.
/// </summary>
/// <param name="shares">The limits of this gateway.</param>
/// <param name="tenant">Whose limit it is.</param>
/// <param name="limit">Its name in the cluster.</param>
/// <param name="inUse">Places that are in use now; <c>null</c> for a rate.</param>
/// <param name="time">The time.</param>
internal sealed class UnsharedUnits(LimitShares shares, string tenant, string limit, Func<int>? inUse, TimeProvider time)
{
    private readonly Lock _change = new();
    private EqualPart? _part;
    private int _untold;

    /// <summary>Units that the cluster has not been told of.</summary>
    public int Untold => Volatile.Read(ref _untold);

    /// <summary>The cluster was told.</summary>
    public void Tell(int units) => Interlocked.Add(ref _untold, -units);

    /// <summary>Another limit, or another number of gateways.</summary>
    public void Begin()
    {
        lock (_change)
        {
            _part = null;
        }
    }

    /// <summary>How long until there is a unit; nothing is taken.</summary>
    public TimeSpan WaitFor(PermitTerms terms) => Part(terms).WaitFor();

    /// <summary>Takes a unit; how long until there is one, otherwise.</summary>
    /// <param name="terms">The limit.</param>
    /// <param name="cause">Why it is not shared.</param>
    public TimeSpan Take(PermitTerms terms, UnsharedCause cause)
    {
        shares.Unshared.Note(tenant, cause);
        var wait = Part(terms).Take();
        if (wait == TimeSpan.Zero && Untold < terms.Depth)
        {
            Interlocked.Increment(ref _untold);
        }

        return wait;
    }

    private EqualPart Part(PermitTerms terms)
    {
        lock (_change)
        {
            return _part ??= new EqualPart(terms, shares, limit, inUse, time);
        }
    }
}
