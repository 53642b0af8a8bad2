using System.Collections.Frozen;
using RegistryProxy.Gateway.Memory;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

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
