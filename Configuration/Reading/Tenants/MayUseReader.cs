using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary><c>tenants.NAME.mayUse</c>: what of all the part of a tenant may name; nothing by default.</summary>
internal static class MayUseReader
{
    public static SharedUse Read(Field field, bool hasPart, FrontDoorConfiguration known)
    {
        var map = field.Fields();
        var use = new SharedUse(
            Listed(map["upstreams"], "upstream", known.Upstreams.Keys), Listed(map["authenticators"], "authenticator",
                known.Authenticators.Keys));
        map.RefuseOthers();
        if (field.IsPresent && !hasPart)
        {
            field.Fail("is only for a tenant with a file of its own or a managed part; entries here may name everything");
        }

        return use;
    }

    /// <summary>What the part of a tenant sees of the configuration.</summary>
    public static FrontDoorConfiguration Restrict(FrontDoorConfiguration known, SharedUse use) => known with
    {
        Upstreams = Only(known.Upstreams, use.Upstreams), Authenticators = Only(known.Authenticators, use.Authenticators),
    };

    private static Dictionary<string, T> Only<T>(IReadOnlyDictionary<string, T> all, IReadOnlyList<string> names) =>
        names.Where(all.ContainsKey).Distinct().ToDictionary(name => name, name => all[name]);

    private static List<string> Listed(Field field, string what, IEnumerable<string> known)
    {
        List<string> names = [];
        var all = known as ICollection<string> ?? [.. known];
        foreach (var item in field.Items())
        {
            var name = item.RequiredText();
            if (!all.Contains(name))
            {
                item.FailUnlessDefined(
                    $"{what}s", name, $"there is no {what} '{name}'; known: {Names.List(all)}{item.Errors.Suggest(name, all)}");
            }

            names.Add(name);
        }

        return names;
    }
}
