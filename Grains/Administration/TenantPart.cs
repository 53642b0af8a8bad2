using RegistryProxy.Configuration;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>What a tenant's configuration says that is in use; no secret.</summary>
/// <param name="KeptBy">
/// <c>operator</c> where all of it stands in the operator's files, <c>file</c> where the tenant has a file of its own, <c>managed</c> where
/// its administrators change it in the state.
/// </param>
/// <param name="Authenticators">In their order.</param>
/// <param name="Routes">Where names lead.</param>
/// <param name="Access">Who may do what.</param>
/// <param name="Namespaces">From a registry host to the prefix of a route.</param>
/// <param name="Defined">What the tenant defines for itself: <c>upstream</c> or the type of an authenticator, by name.</param>
/// <param name="MayUse">What its part may name of what all have.</param>
/// <param name="Administrators">Who administers it.</param>
public sealed record TenantPart(
    string KeptBy, IReadOnlyList<string> Authenticators, IReadOnlyList<RouteView> Routes, IReadOnlyList<RuleView> Access,
    IReadOnlyDictionary<string, string> Namespaces, IReadOnlyDictionary<string, string> Defined, SharedUse MayUse,
    IReadOnlyList<string> Administrators)
{
    /// <summary>That of a tenant of a configuration.</summary>
    public static TenantPart Of(ConfigurationSnapshot snapshot, TenantConfiguration tenant) => new(
        KeeperOf(snapshot, tenant), tenant.Authenticators,
        [.. tenant.Routes.Select(route => new RouteView(route.Prefix, route.Upstreams, route.Rewrite, route.Cache))],
        [.. tenant.Access.Select(RuleView.Of)], tenant.Namespaces, DefinedBy(snapshot.Configuration, tenant.Name), tenant.MayUse,
        [.. tenant.Administrators.Select(who => who.ToString())]);

    private static string KeeperOf(ConfigurationSnapshot snapshot, TenantConfiguration tenant)
    {
        var file = PartText.OfTenant(tenant.Name);
        return tenant.IsManaged ? "managed"
            : snapshot.Missing.Contains(file) || snapshot.Parts.Any(part => part.Name == file) ? "file" : "operator";
    }

    private static Dictionary<string, string> DefinedBy(FrontDoorConfiguration configuration, string tenant)
    {
        var own = $"{tenant}/";
        return configuration.Upstreams.Keys.Select(name => (name, Kind: "upstream"))
            .Concat(configuration.Authenticators.Select(one => (one.Key, Kind: one.Value.Type)))
            .Where(one => one.Item1.StartsWith(own, StringComparison.Ordinal))
            .DistinctBy(one => one.Item1).ToDictionary(one => one.Item1, one => one.Kind);
    }
}

/// <summary>Where names below a prefix lead.</summary>
/// <param name="Prefix">Whole path components; empty for everything.</param>
/// <param name="Upstreams">Tried in order.</param>
/// <param name="Rewrite">What the prefix becomes there.</param>
/// <param name="Cache">Whether gateways keep what is pulled.</param>
public sealed record RouteView(string Prefix, IReadOnlyList<string> Upstreams, string Rewrite, bool Cache);

/// <summary>One rule, as it is written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Who">Any of these.</param>
/// <param name="When">Claims with the globs that one of must match.</param>
/// <param name="Repositories">Patterns of the tenant's names.</param>
/// <param name="Actions">What they may.</param>
public sealed record RuleView(
    string Name, IReadOnlyList<string> Who, IReadOnlyDictionary<string, IReadOnlyList<string>> When, IReadOnlyList<string> Repositories,
    IReadOnlyList<string> Actions)
{
    /// <summary>That of a rule.</summary>
    public static RuleView Of(AccessRuleConfiguration rule) => new(
        rule.Name, [.. rule.Who.Select(who => who.ToString())], rule.When, [.. rule.Repositories.Select(pattern => pattern.Value)],
        rule.Actions.Names());
}
