using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// One account at an upstream: what the upstream says is left of its rate limit, shared out to gateways, and until when it wants to be left
/// alone. The key is <see cref="UpstreamSnapshot.Account"/>. Times travel as durations, since clocks differ.
/// </summary>
[Version(0), Alias("rp.IUpstreamAccountGrain")]
public interface IUpstreamAccountGrain : IGrainWithStringKey
{
    /// <summary>Subscribes a gateway for ninety seconds, or renews that; returns what is known.</summary>
    [Alias("Follow"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<UpstreamAccountState> Follow(IUpstreamAccountObserver observer, CancellationToken cancellation = default);

    /// <summary>Asks for permits, each good for one metered request within <see cref="BudgetLease.Lifetime"/>.</summary>
    /// <param name="gateway">Who asks.</param>
    /// <param name="wanted">How many it wants.</param>
    /// <param name="returned">Unused permits that it gives back.</param>
    /// <param name="underWay">Its metered requests that have no answer yet.</param>
    /// <param name="seen">What it saw last: other news of it may be late.</param>
    /// <param name="cancellation">Gives up.</param>
    [Alias("Lease"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<BudgetLease> Lease(
        string gateway, int wanted, int returned, int underWay, RateLimitSighting? seen, CancellationToken cancellation = default);

    /// <summary>A gateway read the rate limit off an answer.</summary>
    [Alias("Observe"), OneWay, AlwaysInterleave]
    ValueTask Observe(RateLimitSighting sighting);

    /// <summary>A gateway was told to stay away; every other gateway is told too.</summary>
    [Alias("Throttled"), OneWay, AlwaysInterleave]
    ValueTask Throttled(UpstreamThrottle throttle);

    /// <summary>A gateway's breaker opened or closed.</summary>
    [Alias("BreakerChanged"), OneWay, AlwaysInterleave]
    ValueTask BreakerChanged(string gateway, bool open);

    [Alias("Describe"), AlwaysInterleave]
    ValueTask<UpstreamAccountStatus> Describe(CancellationToken cancellation = default);
}

/// <summary>A gateway that uses an account.</summary>
[Alias("rp.IUpstreamAccountObserver")]
public interface IUpstreamAccountObserver : IGrainObserver
{
    /// <summary>The upstream wants to be left alone.</summary>
    [Alias("Throttled"), OneWay]
    Task Throttled(UpstreamThrottle throttle);
}

/// <summary>What the cluster knows of an account.</summary>
/// <param name="IsMetered">Whether the upstream counts requests: permits are needed.</param>
/// <param name="IsKnown">Whether an answer of the upstream was seen at all.</param>
/// <param name="Throttles">What is in force now.</param>
[GenerateSerializer, Immutable, Alias("rp.upstream-account-state")]
public sealed record UpstreamAccountState(
    [property: Id(0)] bool IsMetered, [property: Id(1)] bool IsKnown, [property: Id(2)] IReadOnlyList<UpstreamThrottle> Throttles);

/// <summary>Permits for metered requests.</summary>
/// <param name="Permits">How many; 0 when nothing is left.</param>
/// <param name="RetryAfter">When to ask again; set when <paramref name="Permits"/> is 0.</param>
[GenerateSerializer, Immutable, Alias("rp.budget-lease")]
public sealed record BudgetLease([property: Id(0)] int Permits, [property: Id(1)] TimeSpan RetryAfter)
{
    /// <summary>How long permits are good for.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromSeconds(10);
}

/// <summary>The rate limit as an answer showed it (<c>ratelimit-limit</c>, <c>ratelimit-remaining</c>), or that there is none.</summary>
/// <param name="Limit">Requests in a window; <c>null</c> when the upstream does not count.</param>
/// <param name="Remaining">Requests left.</param>
/// <param name="Window">The window; zero when the upstream does not say.</param>
[GenerateSerializer, Immutable, Alias("rp.rate-limit-sighting")]
public sealed record RateLimitSighting(
    [property: Id(0)] int? Limit, [property: Id(1)] int Remaining, [property: Id(2)] TimeSpan Window)
{
    /// <summary>Metered requests that a gateway lets go ahead before anything is known of an account.</summary>
    public static int Scouts => 4;
}

/// <summary>An upstream wants to be left alone.</summary>
/// <param name="For">How long from now.</param>
/// <param name="MeteredOnly">Whether only metered requests are meant.</param>
[GenerateSerializer, Immutable, Alias("rp.upstream-throttle")]
public sealed record UpstreamThrottle([property: Id(0)] TimeSpan For, [property: Id(1)] bool MeteredOnly);

/// <summary>What operators may know of an account.</summary>
[GenerateSerializer, Immutable, Alias("rp.upstream-account-status")]
public sealed record UpstreamAccountStatus
{
    /// <summary>Requests that the upstream allows in <see cref="WindowSeconds"/>; <c>null</c> when it does not count.</summary>
    [Id(0)]
    public int? Limit { get; init; }

    [Id(1)]
    public int? Remaining { get; init; }

    [Id(2)]
    public int? WindowSeconds { get; init; }

    /// <summary>Until when the upstream wants to be left alone.</summary>
    [Id(3)]
    public DateTimeOffset? ThrottledUntil { get; init; }

    /// <summary>How many gateways answer for the upstream without asking it, since it fails.</summary>
    [Id(4)]
    public int OpenBreakers { get; init; }
}
