using System.Collections.Frozen;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Tenants;

/// <summary>One tenant as requests meet it.</summary>
internal sealed class Tenant
{
    /// <summary>How many loopback hosts are remembered, ports included.</summary>
    private const int LoopbackCapacity = 64;

    private const int LoopbackMaxBytes = 128 * 1024;

    private readonly Lazy<WeighedCache<(string Scheme, string Host), TokenService>> _loopback =
        new(() => new(LoopbackCapacity, LoopbackMaxBytes, Weigh));

    private readonly HttpOrigin? _origin;
    private readonly TenantRoute[] _routes;
    private readonly FrozenDictionary<string, string> _namespaces;

    public Tenant(TenantSnapshot snapshot, IReadOnlyDictionary<string, Upstream> upstreams)
    {
        Name = snapshot.Name;
        Hosts = snapshot.Hosts;
        PublicUrl = snapshot.PublicUrl is null ? null : new Uri(snapshot.PublicUrl);
        _origin = PublicUrl is null ? null : HttpOrigin.Of(PublicUrl);
        PublicTokenService = _origin is null ? null : new TokenService(this, _origin.Scheme, _origin.Authority, _origin.Host);
        AnonymousRules = snapshot.AnonymousRules;
        Limits = snapshot.Limits;
        InteractiveLogins = snapshot.PeopleLogins;
        AdministratorLogins = snapshot.AdministratorLogins.Count == 0 ? InteractiveLogins
            : [.. InteractiveLogins, .. snapshot.AdministratorLogins];
        Cors = snapshot.Cors;
        IsUnusable = snapshot.IsUnusable;
        HasAdministrators = snapshot.HasAdministrators;
        HasPage = snapshot.HasPage;
        TakesPasswords = snapshot.TakesPasswords;
        TakesAdministratorPasswords = snapshot.TakesAdministratorPasswords;
        _routes = [.. snapshot.Routes.Select(route => new TenantRoute(route, upstreams)).OrderByDescending(route => route.Prefix.Length)];
        _namespaces = snapshot.Namespaces.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }

    public string Name { get; }

    public IReadOnlyList<string> Hosts { get; }

    public Uri? PublicUrl { get; }

    /// <summary>How it presents itself under <see cref="PublicUrl"/>.</summary>
    public TokenService? PublicTokenService { get; }

    /// <summary>How it presents itself on loopback, by scheme and host, without a <see cref="PublicUrl"/>.</summary>
    public WeighedCache<(string Scheme, string Host), TokenService> LoopbackTokenServices => _loopback.Value;

    public IReadOnlyList<GrantedRule> AnonymousRules { get; }

    /// <summary><c>null</c> for none.</summary>
    public LimitSnapshot? Limits { get; }

    /// <summary>The authenticators with which people log in by browser.</summary>
    public IReadOnlyList<string> InteractiveLogins { get; }

    /// <summary>The same for administrators, who may log in with others as well.</summary>
    public IReadOnlyList<string> AdministratorLogins { get; }

    /// <summary>Origins whose pages may ask by script.</summary>
    public IReadOnlyList<string> Cors { get; }

    /// <summary>Nothing is known of it but what its operator says: only its administrators are served, who may mend it.</summary>
    public bool IsUnusable { get; }

    /// <summary>What everybody else is told then.</summary>
    public static DistributionError Unusable { get; } = DistributionError.Unavailable(
        503, "this tenant's configuration has errors and no earlier version is usable; its administrators can correct it, and the " +
        "operator's log has the details", 30);

    /// <summary>Whether somebody administers it on its own hosts.</summary>
    public bool HasAdministrators { get; }

    /// <summary>Whether there is a page for people on its hosts.</summary>
    public bool HasPage { get; }

    /// <summary>Whether people log in with a user name and a password.</summary>
    public bool TakesPasswords { get; }

    /// <summary>Whether administrators do.</summary>
    public bool TakesAdministratorPasswords { get; }

    public IReadOnlyList<TenantRoute> Routes => _routes;

    /// <summary>The route of a public name: the longest prefix of whole components.</summary>
    public TenantRoute? RouteOf(RepositoryName name)
    {
        foreach (var route in _routes)
        {
            if (name.Below(route.Prefix) is not null)
            {
                return route;
            }
        }

        return null;
    }

    /// <summary>
    /// Translates a name of another registry, as containerd mirrors send it with <c>?ns=</c>, to the public name; <c>null</c> when the
    /// namespace is not one of this tenant's or the name lies outside the route.
    /// </summary>
    public RepositoryName? FromNamespace(string ns, RepositoryName name)
    {
        if (!_namespaces.TryGetValue(ns, out var prefix))
        {
            return null;
        }

        var route = Array.Find(_routes, route => route.Prefix == prefix);
        return route?.ToPublic(name) is { } translated && RouteOf(translated) == route ? translated : null;
    }

    /// <summary>Whether <c>?ns=</c> names this tenant itself.</summary>
    public bool IsOwnHost(string ns, string requestHost) =>
        ns.Equals(requestHost, StringComparison.OrdinalIgnoreCase)
        || Hosts.Contains(ns, StringComparer.OrdinalIgnoreCase)
        || _origin?.IsNamed(ns) == true;

    /// <summary>The key, and every text that the site keeps.</summary>
    private static long Weigh((string Scheme, string Host) key, TokenService tokenService) =>
        TextWeight.Of(key.Scheme) + TextWeight.Of(key.Host) + TextWeight.Of(tokenService.Authority) + TextWeight.Of(tokenService.Origin)
        + TextWeight.Of(tokenService.Realm) + TextWeight.Of(tokenService.Service);
}

/// <summary>
/// How a tenant presents itself to one request: where its token endpoint is and what its service is called. Taken from the
/// configuration; only a loopback host is ever echoed.
/// </summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Scheme"><c>http</c> or <c>https</c>.</param>
/// <param name="Authority">Host, and port where it is not the one of the scheme.</param>
/// <param name="Service">The service name and the audience of access tokens.</param>
internal sealed record TokenService(Tenant Tenant, string Scheme, string Authority, string Service)
{
    /// <summary>Scheme and authority, without a slash at the end.</summary>
    public string Origin { get; } = $"{Scheme}://{Authority}";

    /// <summary>The absolute address of the token endpoint.</summary>
    public string Realm { get; } = $"{Scheme}://{Authority}/token";

    /// <summary>The token service of a tenant for a request; <c>null</c> when it has no public URL and the host is not loopback.</summary>
    public static TokenService? Of(Tenant tenant, HttpRequest request)
    {
        if (tenant.PublicUrl is not null)
        {
            return tenant.PublicTokenService;
        }

        var key = (request.Scheme, RequestHost.Of(request));
        if (tenant.LoopbackTokenServices.TryGet(key, out var known))
        {
            return known;
        }

        if (OfLoopback(tenant, request) is { } tokenService)
        {
            tenant.LoopbackTokenServices.Set(key, tokenService);
            return tokenService;
        }

        return null;
    }

    private static TokenService? OfLoopback(Tenant tenant, HttpRequest request)
    {
        var (host, name) = (RequestHost.Of(request), RequestHost.NameOf(request));
        if (!RequestHost.IsLoopback(name))
        {
            return null;
        }

        // As browsers say where a page is.
        var isUsual = host[name.Length..] == (request.Scheme == Uri.UriSchemeHttps ? ":443" : ":80");
        return new TokenService(tenant, request.Scheme, (isUsual ? name : host).ToLowerInvariant(), name);
    }
}

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
