using Orleans.CodeGeneration;
using Orleans.Concurrency;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// Shares limits out to gateways by what they are asked for. The key is that of a shard, 0 to <see cref="LimitSharing.Shards"/> − 1.
/// Nothing is stored: a new activation learns from gateways what they have.
/// </summary>
[Version(0), Alias("rp.ILimitSharesGrain")]
public interface ILimitSharesGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Tells what a gateway of the version before, which keeps bytes to shares, is asked for; returns its share of each limit, in the same
    /// order.
    /// </summary>
    /// <param name="gateway">Who asks.</param>
    /// <param name="gateways">How many gateways there are, as far as it knows.</param>
    /// <param name="demands">What it is asked for; no more than <see cref="LimitSharing.MaxDemands"/>.</param>
    /// <param name="cancellation">Gives up.</param>
    [Alias("Share"), AlwaysInterleave, ResponseTimeout("00:00:01")]
    ValueTask<double[]> Share(string gateway, int gateways, LimitDemand[] demands, CancellationToken cancellation = default);

    /// <summary>Gives out permits of limits whose units are counted one by one; one answer for each demand, in the same order.</summary>
    /// <param name="gateway">Who asks.</param>
    /// <param name="gateways">How many gateways there are, as far as it knows.</param>
    /// <param name="demands">What it needs; no more than <see cref="LimitSharing.MaxDemands"/>.</param>
    /// <param name="cancellation">Gives up.</param>
    [Alias("Grant"), AlwaysInterleave, ResponseTimeout("00:00:01")]
    ValueTask<PermitGrant[]> Grant(string gateway, int gateways, PermitDemand[] demands, CancellationToken cancellation = default);
}

/// <summary>How limits are shared out.</summary>
public static class LimitSharing
{
    /// <summary>How many grains share out limits.</summary>
    public const int Shards = 16;

    /// <summary>Demands of one call.</summary>
    public const int MaxDemands = 1000;

    /// <summary>How long a share is good for.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Requests that may come at once however low the rate is: with fewer, some of those that come by chance at four fifths of the rate
    /// would be refused.
    /// </summary>
    public const int LeastBurst = 8;

    /// <summary>How much of a limit may be used at once: all places, or one second of a rate, and no less than eight requests.</summary>
    /// <param name="most">The limit of the cluster, in places or units per second.</param>
    /// <param name="arePlaces">Whether what is taken comes back.</param>
    public static double DepthOf(double most, bool arePlaces) => arePlaces ? most : Math.Max(LeastBurst, most);

    /// <summary>
    /// What each gateway has of a rate without asking: a quarter of what may be used at once is divided equally, in whole units. Of places
    /// it has none: they would not come back from those who need none.
    /// </summary>
    /// <param name="most">The limit of the cluster, in places or units per second.</param>
    /// <param name="arePlaces">Whether what is taken comes back.</param>
    /// <param name="gateways">How many gateways there are.</param>
    public static int FreeOf(double most, bool arePlaces, int gateways) =>
        arePlaces ? 0 : (int)(DepthOf(most, arePlaces) / 4 / Math.Max(1, gateways));

    /// <summary>How often a gateway tells what it is asked for, at least.</summary>
    public static TimeSpan Period { get; } = TimeSpan.FromSeconds(1);
}

/// <summary>What one gateway is asked for of one limit.</summary>
/// <param name="Limit">Names the limit: its tenant, and whose it is.</param>
/// <param name="Most">The limit of the whole cluster, in units or units per second.</param>
/// <param name="Wanted">What the gateway could use now; 0 when it wants nothing any more.</param>
/// <param name="Held">The share that it has; 0 for none.</param>
/// <param name="InUse">What of it cannot be taken away: places that are taken.</param>
[GenerateSerializer, Immutable, Alias("rp.limit-demand")]
public readonly record struct LimitDemand(
    [property: Id(0)] string Limit, [property: Id(1)] double Most, [property: Id(2)] double Wanted, [property: Id(3)] double Held,
    [property: Id(4)] double InUse);
