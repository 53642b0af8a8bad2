using RegistryProxy.Background;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Gateway.Network;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Cached tokens, so that a warm request asks no grain. A token past its refresh time is used on while a newer one is fetched in the
/// background; concurrent misses share one question. What was asked for in vain is not kept. A token is of one origin: while an upstream
/// moves, what is kept of either is of no use to the other.
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

    /// <summary>Whether a failure is none of the upstream's, nor caused by what is asked for.</summary>
    public static bool IsOurs(UpstreamTokenResult result) => result == NoCluster || result.Failure is { IsOfEdit: true };

    private readonly WeighedCache<Place, UpstreamTokenResult> _tokens = new(Capacity, MaxBytes, Weigh);
    private readonly SingleFlights<Place, UpstreamTokenResult> _flights = new();
    private int _configuration;

    /// <summary>The token of an upstream and scope, or why there is none.</summary>
    public ValueTask<UpstreamTokenResult> Get(Upstream upstream, UpstreamTokenKey key, CancellationToken cancellation)
    {
        var (now, place) = (time.GetUtcNow(), Place.Of(upstream, key));
        if (!_tokens.TryGet(place, out var known) || now >= known.Token!.Expires)
        {
            return new ValueTask<UpstreamTokenResult>(Join(place).WaitAsync(cancellation));
        }

        if (now >= known.Token.RefreshAfter)
        {
            _ = Join(place);
        }

        return new ValueTask<UpstreamTokenResult>(known);
    }

    /// <summary>Whether a cached token is at hand.</summary>
    public bool Has(Upstream upstream, UpstreamTokenKey key) =>
        _tokens.TryGet(Place.Of(upstream, key), out var known) && time.GetUtcNow() < known.Token!.Expires;

    /// <summary>Whether a cached token is at hand, or being asked for.</summary>
    public bool IsAtHand(Upstream upstream, UpstreamTokenKey key) => Has(upstream, key) || _flights.IsRunning(Place.Of(upstream, key));

    /// <summary>The upstream refused this token: the next one, or why there is none.</summary>
    /// <param name="upstream">Who refused it.</param>
    /// <param name="key">What it is for.</param>
    /// <param name="refused">The token.</param>
    /// <param name="challenges">How the upstream asks, when it said that it does.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async ValueTask<UpstreamTokenResult> Replace(
        Upstream upstream, UpstreamTokenKey key, UpstreamToken refused, string[]? challenges, CancellationToken cancellation)
    {
        var place = Place.Of(upstream, key);
        var configuration = Volatile.Read(ref _configuration);
        if (_tokens.TryGet(place, out var known) && known.Token!.Generation == refused.Generation)
        {
            _tokens.Remove(place);
        }

        var next = cluster.CallOnce(
            (grains, stop) => challenges is null
                ? Grain(grains, key).Replace(refused.Generation, stop)
                : Grain(grains, key).ReplaceAsked(refused.Generation, challenges, refused.WasAccepted, stop),
            CallPolicy.UpstreamTokenReplacement, cancellation);
        return Keep(place, await OrFailure(next), configuration);
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
        foreach (var (place, _) in _tokens.Entries.Where(known => upstreams.Contains(known.Key.Token.Upstream)).ToList())
        {
            _tokens.Remove(place);
        }
    }

    /// <summary>Joins the question that is under way, or asks.</summary>
    private Task<UpstreamTokenResult> Join(Place place) => _flights.Join(place, () => Task.Run(() => FetchToken(place)));

    private async Task<UpstreamTokenResult> FetchToken(Place place)
    {
        var key = place.Token;
        var configuration = Volatile.Read(ref _configuration);
        var token = cluster.Call(
            (grains, stop) => Grain(grains, key).GetToken(stop),
            (relay, stop) => relay.GetToken(key.ToString(), stop),
            CallPolicy.UpstreamToken,
            CancellationToken.None);
        return Keep(place, await OrFailure(token), configuration);
    }

    /// <summary>Keeps a token; a failure is passed on and leaves a token that is still good in place.</summary>
    private UpstreamTokenResult Keep(Place place, UpstreamTokenResult result, int configuration)
    {
        if (result.Token is not { } token)
        {
            return result;
        }

        if (!token.IsFor(place.Origin))
        {
            return UpstreamTokenResult.Of(UpstreamFailure.Edited(place.Token.Upstream));
        }

        if (token.Authorization is { } authorization && !HeaderText.IsClean(authorization.Reveal()))
        {
            return UpstreamTokenResult.Of(new UpstreamFailure(
                UpstreamFailureKind.Misconfigured,
                "its credential holds bytes that no header can carry; look at what its credentials come from", 5));
        }

        if (configuration == Volatile.Read(ref _configuration))
        {
            _tokens.Set(place, result);
        }

        return result;
    }

    private static IUpstreamTokenGrain Grain(IGrainFactory grains, UpstreamTokenKey key) =>
        grains.GetGrain<IUpstreamTokenGrain>(key.ToString());

    private static long Weigh(Place place, UpstreamTokenResult result) =>
        200 + TextWeight.Of(place.Token.Scope) + TextWeight.Of(result.Token?.Authorization?.Reveal() ?? "");

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

    /// <summary>What a token is for, and where it opens it.</summary>
    private readonly record struct Place(HttpOrigin Origin, UpstreamTokenKey Token)
    {
        public static Place Of(Upstream upstream, UpstreamTokenKey token) => new(upstream.Origin, token);
    }
}
