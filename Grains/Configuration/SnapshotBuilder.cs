using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions.Access;
using RegistryProxy.Grains.Sessions.Keys;

namespace RegistryProxy.Grains.Configuration;

/// <summary>What of the configuration and the keys a gateway may know.</summary>
internal static class SnapshotBuilder
{
    public static GatewaySnapshot Build(ConfigurationSnapshot current, string authenticatorVersion, PublishedKeys keys)
    {
        var configuration = current.Configuration;
        return new GatewaySnapshot
        {
            Version = $"{authenticatorVersion}/{keys.Version}",
            ConfigurationVersion = current.Version,
            Tenants = [.. configuration.Tenants.Values.Select(tenant => Tenant(tenant, configuration))],
            Upstreams = [.. configuration.Upstreams.Values.Select(Upstream)],
            Keys = keys.TokenKeys,
            UploadKeys = keys.UploadKeys,
            AccessLifetime = configuration.Tokens.AccessLifetime,
        };
    }

    private static TenantSnapshot Tenant(TenantConfiguration tenant, FrontDoorConfiguration configuration) => new()
    {
        Name = tenant.Name,
        Hosts = tenant.Hosts,
        PublicUrl = tenant.PublicUrl?.GetLeftPart(UriPartial.Authority),
        Routes = [.. tenant.Routes.Select(route => Route(route, configuration.Upstreams[route.Upstreams[0]]))],
        Namespaces = tenant.Namespaces.ToDictionary(),
        AnonymousRules = AccessRules.Match(tenant, null),
        Limits = tenant.Limits is { } limits
            ? new LimitSnapshot(limits.RequestsPerSecond, limits.BytesPerSecond, limits.ConcurrentStreams, limits.IdentityRequestsPerSecond)
            : null,
        PeopleLogins =
        [
            .. tenant.Authenticators.Where(name => configuration.Authenticators.GetValueOrDefault(name) is OidcConfiguration { People: not null }),
        ],
    };

    private static RouteSnapshot Route(RouteConfiguration route, UpstreamConfiguration upstream) => new(
        route.Prefix, upstream.Name, route.Rewrite, (route.Redirects ?? upstream.Redirects) == RedirectMode.Follow);

    private static UpstreamSnapshot Upstream(UpstreamConfiguration upstream) => new()
    {
        Name = upstream.Name,
        Url = upstream.Url,
        OfficialPrefix = upstream.OfficialPrefix,
        AllowPrivate = upstream.AllowPrivate,
        RedirectHosts = upstream.RedirectHosts,
    };
}
