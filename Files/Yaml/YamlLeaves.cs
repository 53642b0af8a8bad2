using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Files.Yaml;

/// <summary>The single values of a document, in its order.</summary>
internal static class YamlLeaves
{
    /// <summary>What names an item of a list better than its number.</summary>
    private static readonly string[] Naming = ["name", "prefix"];

    /// <summary>Where a value stands.</summary>
    /// <param name="Path">From the root: keys, and items of lists by their name or number.</param>
    /// <param name="IsSecret">Whether it is a secret that stands in the document itself.</param>
    /// <param name="Node">The value; an empty list or map counts as one.</param>
    /// <param name="Definition">What is defined there, of the third level; <c>null</c> above that.</param>
    internal sealed record Leaf(string Path, bool IsSecret, YamlNode Node, YamlNode? Definition);

    public static IEnumerable<Leaf> Of(YamlNode root) => Of(root, "", 0, null, false);

    private static IEnumerable<Leaf> Of(YamlNode node, string path, int depth, YamlNode? definition, bool isSecret)
    {
        definition = depth == 3 ? node : definition;
        return node switch
        {
            YamlMappingNode { Children.Count: > 0 } map => map.Children.SelectMany(entry => Of(
                entry.Value, path.Length == 0 ? TextOf(entry.Key) : $"{path}.{TextOf(entry.Key)}", depth + 1, definition,
                IsSecret(path, map, entry.Key))),
            YamlSequenceNode { Children.Count: > 0 } list => list.Children.SelectMany((item, index) => Of(
                item, $"{path}[{NameOf(list, item) ?? index.ToString(System.Globalization.CultureInfo.InvariantCulture)}]", depth + 1,
                definition, isSecret)),
            _ => [new Leaf(path, isSecret, node, definition)],
        };
    }

    private static bool IsSecret(string path, YamlMappingNode map, YamlNode key) =>
        map.Children.Count == 1 && TextOf(key) == NodeStamp.SecretKey && path.StartsWith("define.", StringComparison.Ordinal);

    private static string? NameOf(YamlSequenceNode list, YamlNode item) =>
        Naming.Select(key => (key, Name: NameOf(item, key)))
            .FirstOrDefault(one => one.Name is not null && list.Children.Count(other => NameOf(other, one.key) == one.Name) == 1).Name;

    private static string? NameOf(YamlNode item, string key) => item is YamlMappingNode map
        ? map.Children.FirstOrDefault(entry => TextOf(entry.Key) == key).Value is YamlScalarNode { Value: { } name } ? $"'{name}'" : null
        : null;

    private static string TextOf(YamlNode node) => (node as YamlScalarNode)?.Value ?? "";
}
