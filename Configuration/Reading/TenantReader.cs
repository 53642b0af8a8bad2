using System.Globalization;
using System.Text;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Protocol;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>tenants</c>.</summary>
internal static class TenantReader
{
    public static TenantConfiguration? Read(string name, Field field, FrontDoorConfiguration known)
    {
        Names.Check(name, field);
        if (field.Map() is not { } map)
        {
            return null;
        }

        var hosts = map["hosts"];
        var publicUrl = map["publicUrl"];
        var authenticators = Authenticators(map["authenticators"], known);
        var routes = RouteReader.ReadAll(map["routes"], known);
        var tenant = new TenantConfiguration
        {
            Name = name,
            Stamp = field.Stamp(withSecrets: true),
            Hosts = [.. hosts.Items().Select(Host)],
            PublicUrl = publicUrl.Origin(),
            Authenticators = authenticators,
            Routes = routes,
            Namespaces = Namespaces(map["namespaces"], routes),
            Access = AccessRuleReader.ReadAll(
                map["access"],
                new TenantAuthenticators(authenticators,
                    [.. authenticators.Select(name => known.Authenticators.GetValueOrDefault(name)).OfType<AuthenticatorConfiguration>()])),
            Cors = [.. map["cors"].Items().Select(origin => origin.Origin()).OfType<Uri>()
                .Select(address => HttpOrigin.Of(address).Serialized)],
            Limits = LimitReader.Read(map["limits"]),
        };
        map.RefuseOthers();
        if (tenant.Hosts.Count == 0)
        {
            hosts.Fail("at least one host is required; \"*\" matches any");
        }

        if (tenant.PublicUrl is null && !HostReader.IsLoopback(known.Listen.Data))
        {
            publicUrl.Fail("is required unless the data listener is on loopback: clients find the token endpoint by it");
        }

        return tenant;
    }

    /// <summary>Hosts belong to one tenant.</summary>
    public static void RefuseSharedHosts(Field tenants, IEnumerable<TenantConfiguration> all)
    {
        foreach (var host in all.SelectMany(tenant => tenant.Hosts).GroupBy(host => host).Where(host => host.Count() > 1))
        {
            tenants.Fail($"the host '{host.Key}' is given more than once; hosts are unique across tenants");
        }
    }

    private static string Host(Field field)
    {
        var text = field.RequiredText();
        if (text != "*" && (text.Contains(':') && !text.StartsWith('[')
            || Uri.CheckHostName(text.Trim('[', ']')) == UriHostNameType.Unknown))
        {
            field.Fail($"'{text}' must be a host name without port, or \"*\"");
        }

        return Ascii.IsValid(text) ? text.ToLowerInvariant() : AsciiOf(text, field);
    }

    /// <summary>As requests name it (RFC 5890 §2.3.2.1).</summary>
    private static string AsciiOf(string host, Field field)
    {
        try
        {
            return new IdnMapping().GetAscii(host).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            field.Fail($"'{host}' cannot be written as a host name of DNS");
            return host;
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
                item.Fail($"there is no authenticator '{name}'; known: {Names.List(known.Authenticators.Keys)}" +
                    $"{Suggestion.For(name, known.Authenticators.Keys)}");
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
