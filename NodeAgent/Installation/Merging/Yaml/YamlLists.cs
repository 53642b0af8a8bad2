using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Merging.Yaml;

/// <summary>Adds and takes away items of a list, and leaves every other character as it is written.</summary>
internal static class YamlLists
{
    /// <summary>Adds items at the end.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="list">The list in it.</param>
    /// <param name="json">The items as JSON, one or several lines each; for a list with brackets.</param>
    /// <param name="yaml">The items as lines of YAML behind an indentation; for one without.</param>
    public static string Add(string text, YamlSpan list, IEnumerable<string> json, Func<string, IEnumerable<string>> yaml)
    {
        var end = TextLines.EndOf(text);
        if (list.IsFlow)
        {
            var lead = list.Items is [var first, ..] ? text[(list.Start + 1)..first.Start] : "";
            var separator = string.IsNullOrWhiteSpace(lead) ? lead : "";
            var indent = separator.Contains('\n') ? end + separator[(separator.LastIndexOf('\n') + 1)..] : null;
            var items = json.Select(
                item => string.Join(indent ?? " ", item.Split('\n').Select(line => indent is null ? line.Trim() : line.TrimEnd('\r'))));
            var joined = string.Join($",{(separator.Length > 0 ? separator : " ")}", items);
            return list.Items is [.., var last]
                ? text.Insert(last.End, $",{(separator.Length > 0 ? separator : " ")}{joined}")
                : text.Insert(list.Start + 1, joined);
        }

        var dash = Dash(text, list.Items![0]);
        var indentation = text[TextLines.Start(text, dash)..dash];
        var added = string.Concat(yaml(indentation).Select(line => line + end));
        var content = TextLines.ContentEnd(text, list.End);
        var at = TextLines.Next(text, content);
        return text.Insert(at, at == text.Length && !text.EndsWith('\n') ? end + added : added);
    }

    /// <summary>Takes the items away that are meant.</summary>
    public static string Remove(string text, YamlSpan list, Predicate<YamlSpan> isMeant)
    {
        for (var index = list.Items!.Count - 1; index >= 0; index--)
        {
            if (!isMeant(list.Items[index]))
            {
                continue;
            }

            var item = list.Items[index];
            if (list.IsFlow)
            {
                text = YamlMappings.RemoveFlow(text, [.. list.Items.Select(part => (part.Start, part.End))], index);
                list.Items.RemoveAt(index);
                continue;
            }

            var start = TextLines.Start(text, Dash(text, item));
            text = text.Remove(start, TextLines.Next(text, TextLines.ContentEnd(text, item.End)) - start);
        }

        return text;
    }

    private static int Dash(string text, YamlSpan item)
    {
        var at = TextLines.ContentEnd(text, item.Start) - 1;
        return at >= 0 && text[at] == '-' && string.IsNullOrWhiteSpace(text[TextLines.Start(text, at)..at])
            ? at
            : throw new InstallRefusal("an item of its list does not begin with a dash on a line of its own");
    }
}
