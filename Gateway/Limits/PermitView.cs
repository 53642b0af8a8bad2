using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Limits;

/// <summary>What the cluster said last of a limit.</summary>
/// <param name="Level">Units that were left.</param>
/// <param name="Stock">Permits that were at hand here then.</param>
/// <param name="At">When, in ticks of the clock; <c>null</c> for never.</param>
/// <param name="DryUntil">Until then there is nothing for anybody here.</param>
/// <param name="LeavingDryUntil">Until then there is nothing for those who leave something to others.</param>
internal sealed record PermitView(double Level, int Stock, long? At, long DryUntil, long LeavingDryUntil)
{
    private const double LeastWait = 0.1;

    /// <summary>Nothing was said yet: there may be everything.</summary>
    public static PermitView Unknown { get; } = new(double.PositiveInfinity, 0, null, long.MinValue, long.MinValue);

    /// <summary>Whether it was said so long ago that the cluster has forgotten what it gave.</summary>
    public bool IsOver(TimeProvider time) => At is not { } at || time.GetElapsedTime(at) > LimitSharing.Lifetime;

    /// <summary>Whether it was said at that time or later.</summary>
    public bool IsSince(long then) => At >= then;

    /// <summary>Units that are left.</summary>
    public double LevelAt(TimeProvider time) => IsOver(time) ? double.PositiveInfinity : Level;

    /// <summary>Whether who takes one unit leaves so many.</summary>
    /// <param name="units">How many.</param>
    /// <param name="stock">Permits at hand now.</param>
    /// <param name="time">The time.</param>
    public bool Leaves(double units, int stock, TimeProvider time) => IsOver(time) || Level - Math.Max(0, Stock - stock) - 1 >= units;

    /// <summary>How long until it is worth to ask again.</summary>
    public TimeSpan Wait(bool leaves, TimeProvider time)
    {
        var (now, until) = (time.GetTimestamp(), leaves ? LeavingDryUntil : DryUntil);
        return until > now ? time.GetElapsedTime(now, until) : TimeSpan.Zero;
    }

    /// <summary>The cluster answered.</summary>
    public PermitView After(PermitDemand demand, PermitGrant grant, int stock, TimeProvider time)
    {
        var now = time.GetTimestamp();
        var isDry = grant.RetrySeconds > 0 && double.IsFinite(grant.RetrySeconds);
        var until = isDry ? now + Ticks(grant.RetrySeconds, time) : now;
        return new PermitView(
            grant.Level, stock, now, demand.Left > 0 ? DryUntil : until, isDry || demand.Left > 0 ? until : LeavingDryUntil);
    }

    /// <summary>There is too little for those who leave so many units to others.</summary>
    public PermitView Refusing(double units, double perSecond, TimeProvider time) => this with
    {
        LeavingDryUntil = time.GetTimestamp() + Ticks(Math.Max(LeastWait, (units + 1 - Level) / perSecond), time),
    };

    private static long Ticks(double seconds, TimeProvider time) => (long)(Math.Min(seconds, 3600) * time.TimestampFrequency);
}

/// <summary>A question of the cluster.</summary>
/// <param name="Demand">What is needed.</param>
/// <param name="Answered">Those who wait for it.</param>
/// <param name="Unasked">Units that were taken without an answer, which it tells.</param>
internal sealed record PermitQuestion(PermitDemand Demand, TaskCompletionSource Answered, int Unasked);
