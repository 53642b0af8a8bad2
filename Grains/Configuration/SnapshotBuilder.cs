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
    /// <summary>
    /// Names what <see cref="Build"/> makes of the same, on whichever silo: gateways keep what they have when the grain moves. As long
    /// however many tenants there are.
    /// </summary>
    public static string VersionOf(RunningRules running, UpstreamNetworks networks, PublishedKeys keys) =>
        $"{running.Version}{(keys.RoutingKeys is [var key, ..] ? networks.VersionUnder(key) : networks.Version)}/{keys.Version}";

    /// <param name="running">The configuration.</param>
    /// <param name="networks">How upstreams are reached.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="version">What names all of that.</param>
    /// <param name="former">What was made before, and of what: tenants that are as they were are taken from there.</param>
    public static GatewaySnapshot Build(
        RunningRules running, UpstreamNetworks networks, PublishedKeys keys, string version,
        (GatewaySnapshot Snapshot, FrontDoorConfiguration Of)? former)
    {
        var configuration = running.Of.Configuration;
        var known = former?.Snapshot.Tenants.ToDictionary(tenant => tenant.Name) ?? [];
        return new GatewaySnapshot
        {
            Version = version,
            ConfigurationVersion = running.Of.Version,
            Tenants =
            [
                .. configuration.Tenants.Values.Select(tenant => known.TryGetValue(tenant.Name, out var before)
                    && before.RulesStamp == running.Stamps[tenant.Name] && IsAsBefore(tenant, configuration, former!.Value.Of) ? before
                    : Tenant(tenant, configuration) with { RulesStamp = running.Stamps[tenant.Name] }),
            ],
            Upstreams = [.. configuration.Upstreams.Values.Select(upstream => Upstream(upstream, networks))],
            Keys = keys.TokenKeys,
            UploadKeys = keys.UploadKeys,
            AccessLifetime = configuration.Tokens.AccessLifetime,
            Revision = configuration.Cluster.Provider == ClusterProvider.Localhost ? 0 : configuration.Revision,
        };
    }

    /// <summary>Whether a tenant, and all that is told of it with it, was the same.</summary>
    private static bool IsAsBefore(TenantConfiguration tenant, FrontDoorConfiguration now, FrontDoorConfiguration before) =>
        before.Tenants.TryGetValue(tenant.Name, out var known) && ReferenceEquals(known, tenant)
        && tenant.Routes.All(route => route.Upstreams.All(
            name => ReferenceEquals(now.Upstreams[name], before.Upstreams.GetValueOrDefault(name))))
        && tenant.SessionAuthenticators.All(
            name => ReferenceEquals(now.AuthenticatorOf(tenant.Name, name), before.AuthenticatorOf(tenant.Name, name)));

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
        PeopleLogins = PeopleLogins(tenant.Authenticators, tenant, configuration),
        AdministratorLogins = PeopleLogins(
            tenant.AdministratorAuthenticators.Where(tenant.IsForAdministratorsAlone), tenant, configuration),
    };

    private static string[] PeopleLogins(
        IEnumerable<string> authenticators, TenantConfiguration tenant, FrontDoorConfiguration configuration) =>
        [.. authenticators.Where(name => configuration.AuthenticatorOf(tenant.Name, name) is OidcConfiguration { People: not null })];

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
