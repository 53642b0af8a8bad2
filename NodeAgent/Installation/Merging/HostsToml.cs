namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>containerd's <c>hosts.toml</c> of one registry (containerd, docs/hosts.md): the mirror comes first, what others wrote stays.</summary>
internal static class HostsToml
{
    private const string Begin = "# registryproxy: begin\n";
    private const string End = "# registryproxy: end\n";

    /// <summary>The file with the mirror in it. Keys of the top level must stand before every table.</summary>
    public static Merged Add(string? text, string registry, Uri mirror, string header, string secret)
    {
        var address = mirror.GetLeftPart(UriPartial.Authority);
        var block = $"""
            {Begin}[host."{address}"]
              capabilities = ["pull", "resolve"]
              [host."{address}".header]
                {header} = ["{secret}"]
            {End}
            """;
        if (text is null)
        {
            return new Merged($"server = \"https://{registry}\"\n\n{block}", null);
        }

        var without = Remove(text);
        var lines = without.Split('\n');
        var table = Array.FindIndex(lines, line => line.TrimStart().StartsWith('['));
        var at = table < 0 ? without.Length : lines.Take(table).Sum(line => line.Length + 1);
        var separator = table < 0 && !without.EndsWith('\n') ? "\n" : "";
        return new Merged(without.Insert(at, separator + block), separator + block);
    }

    /// <summary>The file without the mirror.</summary>
    public static string Remove(string text)
    {
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        return begin < 0 || end < begin ? text : text.Remove(begin, end + End.Length - begin);
    }
}
