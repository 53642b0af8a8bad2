using RegistryProxy.Background;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Live grants, so that a warm request asks no grain. A grant past its refresh time is used on while a newer one is fetched in the
/// background; concurrent misses share one question. What was asked for in vain is not kept.
/// </summary>
internal sealed class GrantCache(ClusterClient cluster, TimeProvider time)
{
    /// <summary>How many upstream × scope pairs are kept.</summary>
    private const int Capacity = 20_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>What is said when no silo answers.</summary>
    public static UpstreamGrantResult NoCluster { get; } = UpstreamGrantResult.Of(new UpstreamFailure(
        UpstreamFailureKind.Unreachable, "the cluster that keeps the upstream's credentials does not answer", 5));

    private readonly WeighedCache<UpstreamTokenKey, UpstreamGrantResult> _grants = new(Capacity, MaxBytes, Weigh);
    private readonly SingleFlights<UpstreamTokenKey, UpstreamGrantResult> _flights = new();
    private int _configuration;

    /// <summary>The grant of an upstream and scope, or why there is none.</summary>
    public ValueTask<UpstreamGrantResult> Get(UpstreamTokenKey key, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (!_grants.TryGet(key, out var known) || now >= known.Grant!.Expires)
        {
            return new ValueTask<UpstreamGrantResult>(Join(key).WaitAsync(cancellation));
        }

        if (now >= known.Grant.RefreshAfter)
        {
            _ = Join(key);
        }

        return new ValueTask<UpstreamGrantResult>(known);
    }

    /// <summary>Whether a live grant is at hand.</summary>
    public bool Has(UpstreamTokenKey key) => _grants.TryGet(key, out var known) && time.GetUtcNow() < known.Grant!.Expires;

    /// <summary>Whether a live grant is at hand, or being asked for.</summary>
    public bool IsAtHand(UpstreamTokenKey key) => Has(key) || _flights.IsRunning(key);

    /// <summary>The upstream refused this grant: the next one, or why there is none.</summary>
    /// <param name="key">What it is for.</param>
    /// <param name="refused">The grant.</param>
    /// <param name="challenges">How the upstream asks, when it said that it does.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async ValueTask<UpstreamGrantResult> Replace(
        UpstreamTokenKey key, UpstreamGrant refused, string[]? challenges, CancellationToken cancellation)
    {
        var configuration = Volatile.Read(ref _configuration);
        if (_grants.TryGet(key, out var known) && known.Grant!.Generation == refused.Generation)
        {
            _grants.Remove(key);
        }

        var next = cluster.CallOnce(
            (grains, stop) => challenges is null
                ? Grain(grains, key).Replace(refused.Generation, stop)
                : Grain(grains, key).ReplaceAsked(refused.Generation, challenges, refused.WasAccepted, stop),
            CallPolicy.UpstreamTokenReplacement, cancellation);
        return Keep(key, await OrFailure(next), configuration);
    }

    /// <summary>The configuration is another one: what is known, and what is being asked, belongs to the one before.</summary>
    public void Clear()
    {
        Interlocked.Increment(ref _configuration);
        _flights.Clear();
        _grants.Clear();
    }

    /// <summary>Some upstreams are configured otherwise: the same for those.</summary>
    public void Drop(IReadOnlyCollection<string> upstreams)
    {
        if (upstreams.Count == 0)
        {
            return;
        }

        Interlocked.Increment(ref _configuration);
        _flights.Clear();
        foreach (var (key, _) in _grants.Entries.Where(known => upstreams.Contains(known.Key.Upstream)).ToList())
        {
            _grants.Remove(key);
        }
    }

    /// <summary>Joins the question that is under way, or asks.</summary>
    private Task<UpstreamGrantResult> Join(UpstreamTokenKey key) => _flights.Join(key, () => Task.Run(() => FetchGrant(key)));

    private async Task<UpstreamGrantResult> FetchGrant(UpstreamTokenKey key)
    {
        var configuration = Volatile.Read(ref _configuration);
        var grant = cluster.Call(
            (grains, stop) => Grain(grains, key).GetGrant(stop),
            (relay, stop) => relay.GetGrant(key.ToString(), stop),
            CallPolicy.UpstreamToken,
            CancellationToken.None);
        return Keep(key, await OrFailure(grant), configuration);
    }

    /// <summary>Keeps a grant; a failure is passed on and leaves a grant that is still good in place.</summary>
    private UpstreamGrantResult Keep(UpstreamTokenKey key, UpstreamGrantResult result, int configuration)
    {
        if (result.Grant is not { } grant)
        {
            return result;
        }

        if (grant.Authorization is { } authorization && !HeaderText.IsClean(authorization.Reveal()))
        {
            return UpstreamGrantResult.Of(new UpstreamFailure(
                UpstreamFailureKind.Misconfigured, "its credential holds bytes that no header can carry; look at what its credentials come from", 5));
        }

        if (configuration == Volatile.Read(ref _configuration))
        {
            _grants.Set(key, result);
        }

        return result;
    }

    private static IUpstreamTokenGrain Grain(IGrainFactory grains, UpstreamTokenKey key) => grains.GetGrain<IUpstreamTokenGrain>(key.ToString());

    private static long Weigh(UpstreamTokenKey key, UpstreamGrantResult result) =>
        200 + TextWeight.Of(key.Scope) + TextWeight.Of(result.Grant?.Authorization?.Reveal() ?? "");

    private static async Task<UpstreamGrantResult> OrFailure(Task<UpstreamGrantResult> grant)
    {
        try
        {
            return await grant;
        }
        catch (ClusterUnavailableException)
        {
            return NoCluster;
        }
    }
}
