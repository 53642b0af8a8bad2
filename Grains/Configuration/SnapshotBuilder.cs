using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Upstreams.Accounts;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Configuration;

/// <summary>What of the configuration and the keys a gateway may know.</summary>
internal static class SnapshotBuilder
{
    /// <summary>Names what <see cref="Build"/> makes of the same; as long however many tenants there are.</summary>
    public static string VersionOf(RunningRules running, UpstreamNetworks networks, PublishedKeys keys) =>
        $"{running.Version}{networks.Version}/{keys.Version}";

    public static GatewaySnapshot Build(RunningRules running, UpstreamNetworks networks, PublishedKeys keys, string version)
    {
        var configuration = running.Of.Configuration;
        return new GatewaySnapshot
        {
            Version = version,
            ConfigurationVersion = running.Of.Version,
            Tenants = [.. configuration.Tenants.Values.Select(
                tenant => Tenant(tenant, configuration) with { RulesStamp = running.Stamps[tenant.Name] })],
            Upstreams = [.. configuration.Upstreams.Values.Select(upstream => Upstream(upstream, networks))],
            Keys = keys.TokenKeys,
            UploadKeys = keys.UploadKeys,
            AccessLifetime = configuration.Tokens.AccessLifetime,
            Revision = configuration.Cluster.Provider == ClusterProvider.Localhost ? 0 : configuration.Revision,
        };
    }

    private static TenantSnapshot Tenant(TenantConfiguration tenant, FrontDoorConfiguration configuration) => new()
    {
        Name = tenant.Name,
        Hosts = tenant.Hosts,
        PublicUrl = tenant.PublicUrl is { } url ? HttpOrigin.Of(url).Serialized : null,
        Routes = [.. tenant.Routes.Select(route => Route(route, configuration))],
        Namespaces = tenant.Namespaces.ToDictionary(),
        AnonymousRules = AccessRules.Match(tenant, null),
        Limits = tenant.Limits is { } limits
            ? new LimitSnapshot(limits.RequestsPerSecond, limits.BytesPerSecond, limits.ConcurrentStreams, limits.IdentityRequestsPerSecond)
            : null,
        Cors = tenant.Cors,
        IsUnusable = tenant.IsUnusable,
        HasAdministrators = tenant.Administrators.Count > 0,
        HasPage = tenant.Page,
        TakesPasswords = TakesPasswords(tenant.Authenticators, tenant, configuration),
        TakesAdministratorPasswords = TakesPasswords(tenant.AdministratorAuthenticators, tenant, configuration),
        PeopleLogins =
        [
            .. tenant.Authenticators.Where(
                name => configuration.AuthenticatorOf(tenant.Name, name) is OidcConfiguration { People: not null }),
        ],
    };

    private static bool TakesPasswords(
        IReadOnlyList<string> authenticators, TenantConfiguration tenant, FrontDoorConfiguration configuration) => authenticators.Any(
        name => configuration.AuthenticatorOf(tenant.Name, name) is HtpasswdConfiguration or LdapConfiguration);

    private static RouteSnapshot Route(RouteConfiguration route, FrontDoorConfiguration configuration) => new()
    {
        Prefix = route.Prefix,
        Upstreams =
        [
            .. route.Upstreams.Select(name => new RouteUpstreamSnapshot(
                name, (route.Redirects ?? configuration.Upstreams[name].Redirects) == RedirectMode.Follow)),
        ],
        Rewrite = route.Rewrite,
        FallbackOn = (route.FallbackOnNotFound ? RouteFallback.NotFound : 0) | (route.FallbackOnError ? RouteFallback.Error : 0),
        Cache = route.Cache,
        Ranges = route.Ranges switch
        {
            RangeMode.Fill => RouteRanges.Fill,
            RangeMode.Wait => RouteRanges.Wait,
            _ => RouteRanges.Pass,
        },
    };

    private static UpstreamSnapshot Upstream(UpstreamConfiguration upstream, UpstreamNetworks networks) => new()
    {
        Name = upstream.Name,
        Url = upstream.Url,
        OfficialPrefix = upstream.OfficialPrefix,
        AllowPrivate = upstream.AllowPrivate,
        RedirectHosts = upstream.RedirectHosts,
        Account = UpstreamAccountName.Of(upstream),
        SharesContentWith = upstream.SharesContentWith,
        Network = networks.SnapshotOf(upstream),
        IsOfTenant = upstream.IsOfTenant,
    };
}
