using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>
/// Whether the cluster does not share out limits to this gateway, so that it keeps to an equal part of them: less than a client that comes
/// here alone may have, or more than the limit where gateways are miscounted.
/// </summary>
internal sealed class UnsharedLimits(TimeProvider time)
{
    /// <summary>It is said after this time: a silo that goes away leaves no answers for a moment.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Nobody asks every moment: what was not met for so long is over.</summary>
    private static readonly TimeSpan Quiet = LimitSharing.Lifetime * 2;

    private static readonly TimeSpan Often = TimeSpan.FromSeconds(0.1);

    private UnsharedSight? _last;

    /// <summary>A request met a limit that is not shared out.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="cause">Why.</param>
    public void Note(string tenant, UnsharedCause cause)
    {
        var (last, now) = (Volatile.Read(ref _last), time.GetTimestamp());
        if (last is not null && last.Cause == cause && time.GetElapsedTime(last.At, now) < Often)
        {
            return;
        }

        Volatile.Write(ref _last, last is not null && time.GetElapsedTime(last.At, now) < Quiet
            ? last with { Tenant = tenant, Cause = cause, At = now }
            : new UnsharedSight(tenant, cause, time.GetUtcNow(), now, now));
    }

    /// <summary>What is so now, and long enough to be said; <c>null</c> for nothing.</summary>
    public UnsharedSight? Now => Volatile.Read(ref _last) is { } last && time.GetElapsedTime(last.At) < Quiet
        && time.GetElapsedTime(last.Began, last.At) >= Patience ? last : null;

    /// <summary>For how long it has been so; zero when it is not.</summary>
    public TimeSpan Lasts => Now is { } now ? time.GetElapsedTime(now.Began) : TimeSpan.Zero;

    /// <summary>For the overview.</summary>
    public IEnumerable<ProcessTrouble> Troubles => Now is { } now
        ? [new ProcessTrouble(ProcessTroubleKind.Limits, "", ReasonOf(now.Cause), now.Since)] : [];

    /// <summary>For operators.</summary>
    public static string ReasonOf(UnsharedCause cause) => cause switch
    {
        UnsharedCause.TooMany => "more identities and addresses are asked about in the cluster at once than it keeps limits for",
        UnsharedCause.TooManyHere => "more identities and addresses ask this gateway at once than it asks the cluster about",
        _ => "no silo answers in time",
    };
}

/// <summary>Limits that are not shared out.</summary>
/// <param name="Tenant">Whose was met last.</param>
/// <param name="Cause">Why it is not.</param>
/// <param name="Since">Since when that has been so.</param>
/// <param name="Began">The same, in ticks of the clock.</param>
/// <param name="At">When it was met last.</param>
internal sealed record UnsharedSight(string Tenant, UnsharedCause Cause, DateTimeOffset Since, long Began, long At);

/// <summary>Why a limit is not shared out.</summary>
internal enum UnsharedCause
{
    /// <summary>No silo says anything.</summary>
    NoAnswer,

    /// <summary>The cluster has too many limits.</summary>
    TooMany,

    /// <summary>This gateway has too many.</summary>
    TooManyHere,
}
