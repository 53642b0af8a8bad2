using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Tenants;

/// <summary>One route of a tenant: a prefix of public names, the upstreams that it leads to and the prefix that it becomes there.</summary>
internal sealed class TenantRoute(RouteSnapshot snapshot, IReadOnlyDictionary<string, Upstream> upstreams)
{
    private readonly (Upstream Upstream, bool FollowRedirects)[] _upstreams =
        [.. snapshot.Upstreams.Select(upstream => (upstreams[upstream.Name], upstream.FollowRedirects))];

    public string Prefix => snapshot.Prefix;

    /// <summary>The upstream that is asked first, and the only one that is written to.</summary>
    public Upstream Upstream => _upstreams[0].Upstream;

    /// <summary>How many upstreams a pull may try.</summary>
    public int UpstreamCount => _upstreams.Length;

    /// <summary>Whether what is pulled is kept here.</summary>
    public bool Caches => snapshot.Cache;

    /// <summary>What becomes of a range of a blob that is not kept yet.</summary>
    public RouteRanges Ranges => snapshot.Ranges ?? RouteRanges.Pass;

    /// <summary>
    /// Where a public name leads, at one of the upstreams; <c>null</c> when it is not below the prefix or becomes too long.
    /// </summary>
    public Destination? DestinationOf(RepositoryName name, int upstream = 0)
    {
        var (target, followRedirects) = _upstreams[upstream];
        if (name.Below(Prefix) is not { } rest)
        {
            return null;
        }

        var rewritten = Join(snapshot.Rewrite, rest);
        if (target.OfficialPrefix is { Length: > 0 } official && !rewritten.Contains('/'))
        {
            rewritten = Join(official, rewritten);
        }

        return RepositoryName.TryParse(rewritten, out var upstreamName) ? new Destination(target, upstreamName, followRedirects) : null;
    }

    /// <summary>Whether a pull that ended in this error goes on to the next upstream.</summary>
    public bool FallsBackOn(DistributionError error) => snapshot.FallbackOn.HasFlag(error.Status switch
    {
        StatusCodes.Status404NotFound => RouteFallback.NotFound,
        StatusCodes.Status429TooManyRequests or >= StatusCodes.Status500InternalServerError => RouteFallback.Error,
        _ => RouteFallback.All + 1,
    });

    /// <summary>The public name of a name at the first upstream; <c>null</c> when it lies outside this route.</summary>
    public RepositoryName? ToPublic(RepositoryName upstreamName) =>
        upstreamName.Below(snapshot.Rewrite) is { } rest && RepositoryName.TryParse(Join(Prefix, rest), out var name) ? name : null;

    private static string Join(string prefix, string rest) => prefix.Length == 0 ? rest : $"{prefix}/{rest}";
}
