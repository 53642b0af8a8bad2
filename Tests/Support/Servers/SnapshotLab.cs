using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Tests.Support.Servers;

/// <summary>Snapshots of tenants that share nothing.</summary>
internal static class SnapshotLab
{
    public static GatewaySnapshot Of(params string[] tenants) => new()
    {
        Version = "1", ConfigurationVersion = "1", Tenants = [.. tenants.Select(Tenant)], Upstreams = [.. tenants.Select(Upstream)],
        Keys = [], UploadKeys = [],
        AccessLifetime = TimeSpan.FromMinutes(5),
    };

    public static TenantSnapshot Tenant(string name) => new()
    {
        Name = name, Hosts = [$"{name}.example"],
        Routes = [new RouteSnapshot { Prefix = "", Upstreams = [new RouteUpstreamSnapshot($"up-{name}", true)] }],
        Namespaces = new Dictionary<string, string>(), AnonymousRules = [], RulesStamp = $"rules-{name}",
    };

    public static UpstreamSnapshot Upstream(string tenant) => new() { Name = $"up-{tenant}", Url = new Uri($"https://{tenant}.example") };

    /// <summary>The snapshot with one tenant changed.</summary>
    public static GatewaySnapshot With(this GatewaySnapshot snapshot, string version, TenantSnapshot tenant) => snapshot with
    {
        Version = version, ConfigurationVersion = version,
        Tenants = [.. snapshot.Tenants.Select(known => known.Name == tenant.Name ? tenant : known)],
    };
}
