using RegistryProxy.Background;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Cached tokens, so that a warm request asks no grain. A token past its refresh time is used on while a newer one is fetched in the
/// background; concurrent misses share one question. What was asked for in vain is not kept.
/// </summary>
internal sealed class UpstreamTokenCache(ClusterClient cluster, TimeProvider time)
{
    /// <summary>How many upstream × scope pairs are kept.</summary>
    private const int Capacity = 20_000;

    /// <summary>What they may weigh, in bytes.</summary>
    private const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>What is said when no silo answers.</summary>
    public static UpstreamTokenResult NoCluster { get; } = UpstreamTokenResult.Of(new UpstreamFailure(
        UpstreamFailureKind.Unreachable, "the cluster that keeps the upstream's credentials does not answer", 5));

    private readonly WeighedCache<UpstreamTokenKey, UpstreamTokenResult> _tokens = new(Capacity, MaxBytes, Weigh);
    private readonly SingleFlights<UpstreamTokenKey, UpstreamTokenResult> _flights = new();
    private int _configuration;

    /// <summary>The token of an upstream and scope, or why there is none.</summary>
    public ValueTask<UpstreamTokenResult> Get(UpstreamTokenKey key, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (!_tokens.TryGet(key, out var known) || now >= known.Token!.Expires)
        {
            return new ValueTask<UpstreamTokenResult>(Join(key).WaitAsync(cancellation));
        }

        if (now >= known.Token.RefreshAfter)
        {
            _ = Join(key);
        }

        return new ValueTask<UpstreamTokenResult>(known);
    }

    /// <summary>Whether a cached token is at hand.</summary>
    public bool Has(UpstreamTokenKey key) => _tokens.TryGet(key, out var known) && time.GetUtcNow() < known.Token!.Expires;

    /// <summary>Whether a cached token is at hand, or being asked for.</summary>
    public bool IsAtHand(UpstreamTokenKey key) => Has(key) || _flights.IsRunning(key);

    /// <summary>The upstream refused this token: the next one, or why there is none.</summary>
    /// <param name="key">What it is for.</param>
    /// <param name="refused">The token.</param>
    /// <param name="challenges">How the upstream asks, when it said that it does.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async ValueTask<UpstreamTokenResult> Replace(
        UpstreamTokenKey key, UpstreamToken refused, string[]? challenges, CancellationToken cancellation)
    {
        var configuration = Volatile.Read(ref _configuration);
        if (_tokens.TryGet(key, out var known) && known.Token!.Generation == refused.Generation)
        {
            _tokens.Remove(key);
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
        _tokens.Clear();
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
        foreach (var (key, _) in _tokens.Entries.Where(known => upstreams.Contains(known.Key.Upstream)).ToList())
        {
            _tokens.Remove(key);
        }
    }

    /// <summary>Joins the question that is under way, or asks.</summary>
    private Task<UpstreamTokenResult> Join(UpstreamTokenKey key) => _flights.Join(key, () => Task.Run(() => FetchToken(key)));

    private async Task<UpstreamTokenResult> FetchToken(UpstreamTokenKey key)
    {
        var configuration = Volatile.Read(ref _configuration);
        var token = cluster.Call(
            (grains, stop) => Grain(grains, key).GetToken(stop),
            (relay, stop) => relay.GetToken(key.ToString(), stop),
            CallPolicy.UpstreamToken,
            CancellationToken.None);
        return Keep(key, await OrFailure(token), configuration);
    }

    /// <summary>Keeps a token; a failure is passed on and leaves a token that is still good in place.</summary>
    private UpstreamTokenResult Keep(UpstreamTokenKey key, UpstreamTokenResult result, int configuration)
    {
        if (result.Token is not { } token)
        {
            return result;
        }

        if (token.Authorization is { } authorization && !HeaderText.IsClean(authorization.Reveal()))
        {
            return UpstreamTokenResult.Of(new UpstreamFailure(
                UpstreamFailureKind.Misconfigured,
                "its credential holds bytes that no header can carry; look at what its credentials come from", 5));
        }

        if (configuration == Volatile.Read(ref _configuration))
        {
            _tokens.Set(key, result);
        }

        return result;
    }

    private static IUpstreamTokenGrain Grain(IGrainFactory grains, UpstreamTokenKey key) =>
        grains.GetGrain<IUpstreamTokenGrain>(key.ToString());

    private static long Weigh(UpstreamTokenKey key, UpstreamTokenResult result) =>
        200 + TextWeight.Of(key.Scope) + TextWeight.Of(result.Token?.Authorization?.Reveal() ?? "");

    private static async Task<UpstreamTokenResult> OrFailure(Task<UpstreamTokenResult> token)
    {
        try
        {
            return await token;
        }
        catch (ClusterUnavailableException)
        {
            return NoCluster;
        }
    }
}
