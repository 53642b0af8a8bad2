using System.Globalization;
using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace RegistryProxy.Files.Yaml;

/// <summary>
/// Secrets that stand in the part of a tenant itself, as <c>{ value: TEXT }</c> below <c>define</c>: they are not shown again, and a text
/// that was read without them can be written back.
/// </summary>
public static class YamlSecrets
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Kept = "<kept>";

    /// <summary>The text without its secrets; everything else is as it was.</summary>
    /// <param name="text">A document, or nothing.</param>
    /// <exception cref="FormatException">It is none.</exception>
    public static string Hide(string text)
    {
        if (text.AsSpan().IsWhiteSpace() || HasNone(text))
        {
            return text;
        }

        var hidden = Replace(text, Secrets(Root(text)).Select(leaf => ((YamlScalarNode)leaf.Node, Kept)));
        return Secrets(Root(hidden)).All(leaf => ((YamlScalarNode)leaf.Node).Value == Kept) ? hidden
            : throw new FormatException("the secrets of this text cannot be told from the rest");
    }

    /// <summary>
    /// Puts the secrets of a former text where <see cref="Kept"/> stands. A secret goes on with the very definition that it was given for:
    /// nobody can have it sent elsewhere.
    /// </summary>
    /// <param name="text">The new text. What is no document is left to who reads it.</param>
    /// <param name="former">The text that was read; empty for none.</param>
    /// <param name="errors">Where it is told which secrets must be written again.</param>
    public static string Restore(string text, string former, ErrorList errors)
    {
        if (!text.Contains(Kept, StringComparison.Ordinal) || BoundedYaml.Read(text, out _) is not { } root)
        {
            return text;
        }

        var known = former.AsSpan().IsWhiteSpace() ? []
            : Secrets(Root(former)).DistinctBy(leaf => leaf.Path).ToDictionary(leaf => leaf.Path);
        List<(YamlScalarNode, string)> restored = [];
        foreach (var leaf in Secrets(root).Where(leaf => ((YamlScalarNode)leaf.Node).Value == Kept))
        {
            if (known.TryGetValue(leaf.Path, out var old) && Stamp(old.Definition) == Stamp(leaf.Definition))
            {
                restored.Add(((YamlScalarNode)leaf.Node, ((YamlScalarNode)old.Node).Value ?? ""));
            }
            else
            {
                errors.Add(leaf.Node.Start.Line, leaf.Path,
                    $"'{Kept}' stands for a secret only while nothing else of its definition changes: write the secret itself");
            }
        }

        return errors.IsEmpty ? Replace(text, restored) : text;
    }

    /// <summary>Whether the key of a secret is nowhere in a text, as it is or with escapes: most texts need no reading.</summary>
    private static bool HasNone(string text) =>
        !text.Contains(NodeStamp.SecretKey, StringComparison.Ordinal) && !text.Contains('\\');

    private static string Stamp(YamlNode? definition) => NodeStamp.Of(definition, withSecrets: false);

    private static IEnumerable<YamlLeaves.Leaf> Secrets(YamlNode root) =>
        YamlLeaves.Of(root).Where(leaf => leaf is { IsSecret: true, Node: YamlScalarNode });

    private static YamlNode Root(string text) =>
        BoundedYaml.Read(text, out var problem) ?? throw new FormatException($"line {problem.Line}: {problem.Message}");

    private static string Replace(string text, IEnumerable<(YamlScalarNode Node, string Value)> values)
    {
        var (written, at) = (new StringBuilder(text.Length), 0);
        foreach (var (node, value) in values.OrderBy(one => one.Node.Start.Index))
        {
            var (start, end) = ((int)node.Start.Index, (int)node.End.Index);
            written.Append(text, at, start - at);
            Quote(written, value);
            if (node.Style is ScalarStyle.Literal or ScalarStyle.Folded && end > start && text[end - 1] is '\n' or '\r')
            {
                written.Append('\n');
            }

            at = end;
        }

        return written.Append(text, at, text.Length - at).ToString();
    }

    /// <summary>A double-quoted scalar on one line (YAML 1.2 §7.3.1).</summary>
    private static void Quote(StringBuilder written, string value)
    {
        written.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' or '\\' => written.Append('\\').Append(c),
                '\n' => written.Append("\\n"),
                '\r' => written.Append("\\r"),
                '\t' => written.Append("\\t"),
                _ when char.IsSurrogate(c) || c is >= ' ' and < '\u007F' or >= '\u00A1' and < '\u2000' or > '\u206F' and < '\uFEFF' =>
                    written.Append(c),
                _ => written.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
            };
        }

        written.Append('"');
    }
}
