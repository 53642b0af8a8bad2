using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary>What a tenant may say of itself: who logs in there, where names lead, who may do what.</summary>
internal static class TenantRights
{
    private static readonly string[] Keys = ["authenticators", "routes", "namespaces", "access", "page", "cors"];

    public static TenantConfiguration Read(Section map, TenantConfiguration tenant, FrontDoorConfiguration known)
    {
        var authenticators = Authenticators(map["authenticators"], known);
        var routes = RouteReader.ReadAll(map["routes"], known);
        return tenant with
        {
            Authenticators = authenticators,
            Routes = routes,
            Namespaces = Namespaces(map["namespaces"], routes),
            Access = AccessRuleReader.ReadAll(
                map["access"],
                new TenantAuthenticators(authenticators,
                    [.. authenticators.Select(name => known.Authenticators.GetValueOrDefault(name)).OfType<AuthenticatorConfiguration>()])),
            Page = map["page"].Flag(true),
            Cors = [.. map["cors"].Items().Select(origin => origin.Origin()).OfType<Uri>()
                .Select(address => HttpOrigin.Of(address).Serialized)],
        };
    }

    /// <summary>One place says it: the tenant's own, where it has one.</summary>
    public static void RefuseHere(Section map, string reason)
    {
        foreach (var key in Keys)
        {
            if (map[key] is { IsPresent: true } field)
            {
                field.Fail(reason);
            }
        }
    }

    private static List<string> Authenticators(Field field, FrontDoorConfiguration known)
    {
        List<string> names = [];
        HashSet<string> seen = [];
        foreach (var item in field.Items())
        {
            var name = item.RequiredText();
            if (!known.Authenticators.ContainsKey(name))
            {
                item.FailUnlessDefined(
                    "authenticators", name, $"there is no authenticator '{name}'; known: {Names.List(known.Authenticators.Keys)}" +
                    $"{item.Errors.Suggest(name, known.Authenticators.Keys)}");
            }
            else if (!seen.Add(name))
            {
                item.Fail($"'{name}' is listed twice");
            }

            names.Add(name);
        }

        return names;
    }

    private static Dictionary<string, string> Namespaces(Field field, IReadOnlyList<RouteConfiguration> routes)
    {
        Dictionary<string, string> namespaces = new(StringComparer.OrdinalIgnoreCase);
        var prefixes = routes.Select(route => route.Prefix).ToHashSet();
        foreach (var (host, target) in field.Entries())
        {
            var prefix = target.Text() ?? "";
            if (!prefixes.Contains(prefix))
            {
                target.Fail($"'{prefix}' is not the prefix of a route of this tenant");
            }

            namespaces[host] = prefix;
        }

        return namespaces;
    }
}
