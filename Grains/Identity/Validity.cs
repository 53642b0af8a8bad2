namespace RegistryProxy.Grains.Identity;

/// <summary>The times of a proof.</summary>
/// <param name="Issued">When its issuer made it, by the issuer's clock; <c>null</c> when it does not say.</param>
/// <param name="Start">From when on it counts; <c>null</c> when it does not say.</param>
/// <param name="End">From when on it does not count any more.</param>
internal readonly record struct Validity(DateTimeOffset? Issued, DateTimeOffset? Start, DateTimeOffset End)
{
    /// <summary>What is made now and begins later than this by the clock here: its issuer's clock is another.</summary>
    private static readonly TimeSpan Plausible = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Why a proof does not count at a time: it has expired, it is not valid yet, or the clocks differ; always with both times.
    /// </summary>
    /// <param name="what">What it is called.</param>
    /// <param name="now">The time here.</param>
    /// <param name="skew">How far clocks may differ.</param>
    public string Fault(string what, DateTimeOffset now, TimeSpan skew)
    {
        if (Issued is { } issued && issued > now + skew)
        {
            return $"clock skew: the {what} was issued at {issued:u}, and it is only {now:u} here: the clock of its issuer or of this " +
                $"silo is wrong by {Difference(issued, now)}";
        }

        if (Start is { } start && start > now)
        {
            return Issued is null && start - now < Plausible
                ? $"not valid yet: the {what} begins at {start:u}, and it is {now:u} here; if it was just made, that is clock skew " +
                    $"of {Difference(start, now)}"
                : $"not valid yet: the {what} begins at {start:u}, and it is {now:u} here";
        }

        return $"expired: the {what} ended at {End:u}, and it is {now:u} here";
    }

    private static string Difference(DateTimeOffset there, DateTimeOffset here) => $"{(there - here).TotalSeconds:0} s";
}
