using RegistryProxy.Configuration.Reading.Upstreams;
using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary><c>tenants.*.routes</c></summary>
internal static class RouteReader
{
    public static IReadOnlyList<RouteConfiguration> ReadAll(Field field, FrontDoorConfiguration known)
    {
        List<RouteConfiguration> routes = [];
        HashSet<string> prefixes = [];
        foreach (var item in field.Items())
        {
            if (item.Map() is not { } map)
            {
                continue;
            }

            var route = Read(map, known);
            if (!prefixes.Add(route.Prefix))
            {
                map["prefix"].Fail($"the prefix '{route.Prefix}' is used twice");
            }

            routes.Add(route);
        }

        if (routes.Count == 0)
        {
            field.Fail("at least one route is required, such as { prefix: \"\", upstream: hub }");
        }

        return routes;
    }

    private static RouteConfiguration Read(Section map, FrontDoorConfiguration known)
    {
        var upstream = map["upstream"];
        var (onNotFound, onError) = FallbackOn(map["fallbackOn"]);
        var route = new RouteConfiguration
        {
            Prefix = Names.Path(map["prefix"]),
            Upstreams = [.. upstream.Items(orSingle: true).Select(item => Upstream(item, known))],
            Rewrite = Names.Path(map["rewrite"]),
            Redirects = UpstreamReader.Redirects(map["redirects"]),
            FallbackOnNotFound = onNotFound,
            FallbackOnError = onError,
            Cache = Cache(map["cache"], known),
            Ranges = map["ranges"].Choice(RangeMode.Pass, ("pass", RangeMode.Pass), ("fill", RangeMode.Fill), ("wait", RangeMode.Wait)),
        };
        if (route.Upstreams.Count == 0)
        {
            upstream.Fail("is required: the name of an upstream");
        }
        else if (route.Upstreams.Distinct().Count() < route.Upstreams.Count)
        {
            upstream.Fail("lists an upstream twice");
        }
        else if (route.Upstreams.Count == 1 && map["fallbackOn"].IsPresent)
        {
            map["fallbackOn"].Fail("needs a list of upstreams to fall back to");
        }

        map.RefuseOthers();
        return route;
    }

    private static (bool NotFound, bool Error) FallbackOn(Field field)
    {
        if (!field.IsPresent)
        {
            return (true, true);
        }

        var (notFound, error) = (false, false);
        foreach (var item in field.Items(orSingle: true))
        {
            var isError = item.RequiredChoice<bool?>(null, ("notFound", false), ("error", true));
            (notFound, error) = (notFound || isError == false, error || isError == true);
        }

        return (notFound, error);
    }

    private static bool Cache(Field field, FrontDoorConfiguration known)
    {
        var wanted = field.Flag(false);
        if (wanted && known.Cache is null)
        {
            field.Fail("needs a place for the files: cache: { path: /var/cache/registryproxy }");
        }

        return wanted;
    }

    private static string Upstream(Field field, FrontDoorConfiguration known)
    {
        var name = field.RequiredText();
        if (known.Upstreams.TryGetValue(name, out var upstream))
        {
            return upstream.Name;
        }

        field.FailUnlessDefined("upstreams", name, $"there is no upstream '{name}'; known: {Names.List(known.Upstreams.Keys)}" +
            $"{field.Errors.Suggest(name, known.Upstreams.Keys)}");
        return name;
    }
}
