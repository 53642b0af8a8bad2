using RegistryProxy.Configuration.Reading.Upstreams;
using RegistryProxy.Configuration.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary><c>upstreams</c>.</summary>
internal static class UpstreamReader
{
    public static UpstreamConfiguration? Read(string name, Field field, ReadingContext context)
    {
        Names.Check(name, field);
        if (field.Map() is not { } map)
        {
            return null;
        }

        var (preset, url) = PresetReader.Read(map["preset"], map["url"]);
        var official = map["officialPrefix"];
        var allowPrivate = map["allowPrivate"].Flag(false);
        var upstream = new UpstreamConfiguration
        {
            Name = name,
            Url = url,
            OfficialPrefix = official.IsPresent ? Names.Path(official) : preset?.OfficialPrefix,
            Credentials = CredentialsReader.Read(map["credentials"], url, allowPrivate, context),
            Realms = [.. preset?.Realms ?? [], .. map["realms"].Items().Select(item => item.Address()).OfType<Uri>()],
            AllowPrivate = allowPrivate,
            Redirects = Redirects(map["redirects"]) ?? RedirectMode.Follow,
            RedirectHosts = [.. map["redirectHosts"].Items().Select(item => item.RequiredText())],
        };
        map.RefuseOthers();
        return upstream;
    }

    public static RedirectMode? Redirects(Field field)
    {
        switch (field.Text())
        {
            case null:
                return null;
            case "follow":
                return RedirectMode.Follow;
            case "pass":
                return RedirectMode.Pass;
            default:
                field.Fail("must be follow or pass");
                return null;
        }
    }
}
