using System.Globalization;
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
            YamlSequenceNode { Children.Count: > 0 } list => list.Children.Zip(NamesOf(list)).SelectMany(one => Of(
                one.First, $"{path}[{one.Second}]", depth + 1, definition, isSecret)),
            _ => [new Leaf(path, isSecret, node, definition)],
        };
    }

    private static bool IsSecret(string path, YamlMappingNode map, YamlNode key) =>
        map.Children.Count == 1 && TextOf(key) == NodeStamp.SecretKey && path.StartsWith("define.", StringComparison.Ordinal);

    /// <summary>A name that several have names none of them. Counted once: lists are as long as strangers make them.</summary>
    private static string[] NamesOf(YamlSequenceNode list)
    {
        var names = Enumerable.Range(0, list.Children.Count).Select(index => index.ToString(CultureInfo.InvariantCulture)).ToArray();
        foreach (var key in Naming.Reverse())
        {
            var all = list.Children.Select(item => NameOf(item, key)).ToList();
            var counts = all.OfType<string>().CountBy(name => name).ToDictionary();
            for (var i = 0; i < names.Length; i++)
            {
                names[i] = all[i] is { } name && counts[name] == 1 ? name : names[i];
            }
        }

        return names;
    }

    private static string? NameOf(YamlNode item, string key) => item is YamlMappingNode map
        ? map.Children.FirstOrDefault(entry => TextOf(entry.Key) == key).Value is YamlScalarNode { Value: { } name } ? $"'{name}'" : null
        : null;

    private static string TextOf(YamlNode node) => (node as YamlScalarNode)?.Value ?? "";
}
