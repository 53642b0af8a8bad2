using RegistryProxy.Configuration.Reading.Values;
using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Upstreams;

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
            Name = context.NameOf(name),
            IsOfTenant = context.Bounds is not null,
            Stamp = field.Stamp(withSecrets: true),
            Url = url,
            OfficialPrefix = official.IsPresent ? Names.Path(official) : preset?.OfficialPrefix,
            Credentials = CredentialsReader.Read(map["credentials"], url, allowPrivate, context),
            Realms = [.. preset?.Realms ?? [], .. map["realms"].Items().Select(item => item.Address()).OfType<Uri>()],
            AllowPrivate = allowPrivate,
            Proxy = ProxyReader.Read(map["proxy"], context),
            // A machine without these files would tell all gateways to do without them.
            Tls = TlsReader.Read(map["tls"], context with { MayLackFiles = false }),
            Redirects = Redirects(map["redirects"]) ?? RedirectMode.Follow,
            RedirectHosts = [.. map["redirectHosts"].Items().Select(item => item.RequiredText())],
            SharesContentWith = [.. map["sharesContentWith"].Items().Select(item => item.RequiredText())],
        };
        map.RefuseOthers();
        return upstream;
    }

    /// <summary>What it wants to share content with, and where it says so.</summary>
    public static IReadOnlyList<(string Other, FieldPlace Place)> Sharing(Field upstream) => upstream.IsMap
        ? [.. upstream.Map()!["sharesContentWith"].Items().Select(item => (item.RequiredText(), item.Place))]
        : [];

    /// <summary>
    /// Why an upstream does not share with another; <c>null</c> when it does. Content is shared by upstreams that say so both: one alone
    /// could give itself the content of another.
    /// </summary>
    public static string? WhyNotShared(string name, string other, IReadOnlyDictionary<string, UpstreamConfiguration> all) =>
        other == name ? "names the upstream itself, whose content is its own anyway"
        : !all.TryGetValue(other, out var listed)
            ? $"there is no upstream '{other}'; known: {Names.List(all.Keys)}{Suggestion.For(other, all.Keys)}"
        : listed.SharesContentWith.Contains(name) ? null
        : $"both must list each other: add '{name}' to upstreams.{other}.sharesContentWith, or take '{other}' out here";

    public static RedirectMode? Redirects(Field field) =>
        field.Choice<RedirectMode?>(null, ("follow", RedirectMode.Follow), ("pass", RedirectMode.Pass));
}
