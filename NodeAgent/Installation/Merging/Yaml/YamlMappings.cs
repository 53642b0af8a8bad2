using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Merging.Yaml;

/// <summary>Sets and takes away one key of a mapping, and leaves every other character as it is written.</summary>
internal static class YamlMappings
{
    /// <summary>Sets a key to a text that needs no quotes in YAML; JSON gets it in quotes.</summary>
    public static string Set(string text, YamlSpan mapping, string key, string value)
    {
        if (mapping[key] is { } known)
        {
            var quoted = mapping.IsFlow || (known.End > known.Start && text[known.Start] is '"');
            var space = known.Start > 0 && text[known.Start - 1] == ':' ? " " : "";
            return text[..known.Start] + space + (quoted ? $"\"{value}\"" : value) + text[EndOf(text, known)..];
        }

        if (!mapping.IsFlow)
        {
            var start = TextLines.Start(text, mapping.Start);
            var indent = text[start..mapping.Start];
            return string.IsNullOrWhiteSpace(indent)
                ? text.Insert(start, $"{indent}{key}: {value}{TextLines.EndOf(text)}")
                : throw new InstallRefusal("its first key does not stand on a line of its own, so nothing can be put before it");
        }

        if (mapping.Entries is not [.., var last])
        {
            return text.Insert(mapping.Start + 1, $"\"{key}\": \"{value}\"");
        }

        var lead = text[(mapping.Start + 1)..mapping.Entries[0].Key.Start];
        return text.Insert(last.Value.End, $",{(string.IsNullOrWhiteSpace(lead) && lead.Length > 0 ? lead : " ")}\"{key}\": \"{value}\"");
    }

    /// <summary>What is written behind a key, colon and quotes and all; <c>null</c> when the key is not there.</summary>
    public static string? Spelling(string text, YamlSpan mapping, string key) =>
        mapping.Entries!.Find(entry => entry.Key.Value == key) is { Key: { } name } entry ? text[name.End..EndOf(text, entry.Value)] : null;

    /// <summary>Writes behind a key what was written there before.</summary>
    public static string Respell(string text, YamlSpan mapping, string key, string spelling)
    {
        var (name, value) = mapping.Entries!.Find(entry => entry.Key.Value == key);
        return text[..name.End] + spelling + text[EndOf(text, value)..];
    }

    /// <summary>A text in lines of its own ends where the next key begins: the end of its last line is not of it.</summary>
    private static int EndOf(string text, YamlSpan value) => Math.Max(value.Start, TextLines.ContentEnd(text, value.End));

    /// <summary>Takes an entry away, with its line where it has lines of its own.</summary>
    public static string Remove(string text, YamlSpan mapping, string key)
    {
        var index = mapping.Entries!.FindIndex(entry => entry.Key.Value == key);
        if (index < 0)
        {
            return text;
        }

        var (name, value) = mapping.Entries[index];
        if (!mapping.IsFlow)
        {
            var start = TextLines.Start(text, name.Start);
            return text.Remove(start, TextLines.Next(text, Math.Max(name.End, TextLines.ContentEnd(text, value.End))) - start);
        }

        return RemoveFlow(text, [.. mapping.Entries.Select(entry => (entry.Key.Start, Math.Max(entry.Key.End, entry.Value.End)))], index);
    }

    /// <summary>Takes one of several parts that commas separate.</summary>
    public static string RemoveFlow(string text, IReadOnlyList<(int Start, int End)> parts, int index)
    {
        var (start, end) = index + 1 < parts.Count ? (parts[index].Start, parts[index + 1].Start)
            : index > 0 ? (parts[index - 1].End, parts[index].End)
            : parts[index];
        return text.Remove(start, end - start);
    }
}
