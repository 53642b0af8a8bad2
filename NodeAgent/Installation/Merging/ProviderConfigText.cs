using RegistryProxy.NodeAgent.Installation.Merging.Yaml;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>Puts providers into a <c>CredentialProviderConfig</c> that others wrote, JSON or YAML, and takes them out again.</summary>
internal static class ProviderConfigText
{
    private const string Key = "providers";

    /// <summary>The names of the providers in a text.</summary>
    public static IReadOnlyList<string> Names(string text, string file) =>
        [.. (YamlSpans.Read(text, file)[Key]?.Items ?? []).Select(Name).OfType<string>()];

    public static string Add(string text, string file, IReadOnlyList<ProviderEntry> entries) => Refusal.Of(file, () =>
    {
        var list = YamlSpans.Read(text, file)[Key];
        if (list?.Items is null || (!list.IsFlow && list.Items.Count == 0))
        {
            throw new InstallRefusal("has no list of providers: is it a CredentialProviderConfig?");
        }

        var added = YamlLists.Add(
            text, list, entries.Select(entry => entry.ToIndentedJson()), indent => entries.SelectMany(entry => entry.ToYaml(indent)));
        var (before, after) = (Names(text, file), Names(added, file));
        return after.SequenceEqual(before.Concat(entries.Select(entry => entry.Name)))
            ? added
            : throw new InstallRefusal("its list of providers cannot be added to");
    });

    /// <summary>The text without this program's providers.</summary>
    public static string Remove(string text, string file) => Refusal.Of(
        file, () => !TextLines.IsBlank(text) && YamlSpans.Read(text, file)[Key] is { Items: not null } list
            ? YamlLists.Remove(text, list, item => IsOurs(Name(item)))
            : text);

    /// <summary>Whether no provider is left, which kubelet refuses.</summary>
    public static bool IsEmpty(string text, string file) => TextLines.IsBlank(text) || Names(text, file).Count == 0;

    public static bool IsOurs(string? name) => name?.StartsWith(ProviderEntry.NamePrefix, StringComparison.Ordinal) == true;

    private static string? Name(YamlSpan provider) => provider["name"]?.Value;
}
