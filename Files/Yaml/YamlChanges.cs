using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Files.Yaml;

/// <summary>What is another in a document than in the one before, value by value, for people. Never a secret.</summary>
public static class YamlChanges
{
    /// <summary>The longest value that is told, in characters.</summary>
    private const int MaxValue = 60;

    /// <summary>
    /// Changes such as <c>~ access['dev'].actions[0]: pull → push</c>, <c>+ …</c> and <c>- …</c>, separated by <c>; </c>; empty when both
    /// say the same.
    /// </summary>
    /// <param name="former">A document, or nothing.</param>
    /// <param name="text">The one after it, or nothing.</param>
    /// <param name="maxLength">The most that is told, in characters; what is left out is counted.</param>
    public static string Between(string former, string text, int maxLength)
    {
        var (before, after) = (Values(former), Values(text));
        List<string> changes =
        [
            .. after.Where(one => !before.ContainsKey(one.Key)).Select(one => $"+ {one.Key}: {one.Value.Told}"),
            .. after.Where(one => before.TryGetValue(one.Key, out var old) && old.Value != one.Value.Value)
                .Select(one => $"~ {one.Key}: {before[one.Key].Told} → {one.Value.Told}"),
            .. before.Where(one => !after.ContainsKey(one.Key)).Select(one => $"- {one.Key}: {one.Value.Told}"),
        ];
        var (told, length) = (0, 0);
        while (told < changes.Count && length + changes[told].Length + 2 <= maxLength - 24)
        {
            length += changes[told++].Length + 2;
        }

        return string.Join("; ", told == changes.Count ? changes : changes.Take(told).Append($"… {changes.Count - told} more"));
    }

    private static Dictionary<string, (string Value, string Told)> Values(string text) =>
        BoundedYaml.Read(text, out _) is { } root
            ? YamlLeaves.Of(root).GroupBy(leaf => leaf.Path).ToDictionary(group => group.Key, group => Value(group.First()))
            : [];

    private static (string Value, string Told) Value(YamlLeaves.Leaf leaf)
    {
        var value = leaf.Node switch
        {
            YamlScalarNode { Value: { } text } => text,
            YamlMappingNode => "{}",
            YamlSequenceNode => "[]",
            _ => "",
        };
        return (value, leaf.IsSecret ? "***" : value.Length <= MaxValue ? value : $"{value[..MaxValue]}…");
    }
}
