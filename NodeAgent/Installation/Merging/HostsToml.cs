using RegistryProxy.NodeAgent.Installation.Merging.Yaml;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Protocol;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace RegistryProxy.NodeAgent.Installation.Merging;

/// <summary>
/// containerd's <c>hosts.toml</c> of one registry (containerd, docs/hosts.md): the mirror comes first, what others wrote stays.
/// </summary>
internal static class HostsToml
{
    private const string Begin = "# registryproxy: begin";
    private const string End = "# registryproxy: end";
    private const string Host = "host";

    /// <summary>A whole file. Docker Hub's registry has another name than its images.</summary>
    /// <param name="registry">The registry.</param>
    /// <param name="authorities">Certificates of authorities, in quotes.</param>
    /// <param name="pairs">Certificates of the node and their keys, as lists.</param>
    public static string File(string registry, IEnumerable<string> authorities, IEnumerable<string> pairs) =>
        $"server = \"https://{(registry == "docker.io" ? "registry-1.docker.io" : registry)}\"\n"
            + List("ca", authorities) + List("client", pairs) + "\n";

    private static string List(string key, IEnumerable<string> items) =>
        string.Join(", ", items) is { Length: > 0 } list ? $"{key} = [{list}]\n" : "";

    /// <summary>The file with the mirror before every other host.</summary>
    public static string Add(string text, string file, Uri mirror, string header, string secret) => Refusal.Of(file, () =>
    {
        var (end, address) = (TextLines.EndOf(text), HttpOrigin.Of(mirror).Serialized);
        string[] lines =
        [
            Begin, $"[host.\"{address}\"]", "  capabilities = [\"pull\", \"resolve\"]", $"  [host.\"{address}\".header]",
            $"    {header} = [\"{secret}\"]", End,
        ];
        var block = string.Concat(lines.Select(line => line + end));
        var parsed = Parse(text, file);
        var tables = parsed.Tables.ToList();
        if (WhyNot(parsed, address) is { } problem)
        {
            throw new InstallRefusal($"{file} {problem}");
        }

        var at = tables.Count == 0 ? text.Length : AboveComments(text, TextLines.Start(text, Start(tables[0])));
        var after = text.Insert(at, at > 0 && text[at - 1] != '\n' ? end + block : block);
        return Parse(after, file).Tables.FirstOrDefault(table => Address(table) is not null) is { } first && IsHost(first, address)
            ? after
            : throw new InstallRefusal("the mirror cannot be added to it without rewriting the whole file");
    });

    /// <summary>
    /// The file without the mirror: its tables are known by their header, wherever they stand and whatever their comments say.
    /// </summary>
    public static string Remove(string text, string file, string header)
    {
        var tables = Parse(text, file).Tables.ToList();
        var starts = tables.ConvertAll(table => TextLines.Start(text, Start(table)));
        var ours = tables.Where(table => table.Items.Any(item => Name(item.Key) == header)).Select(Address).OfType<string>().ToHashSet();
        for (var index = tables.Count - 1; index >= 0; index--)
        {
            if (Address(tables[index]) is { } address && ours.Contains(address))
            {
                var start = starts[index];
                var end = index + 1 < tables.Count ? starts[index + 1] : text.Length;
                text = text.Remove(
                    start, TextLines.Next(text, Math.Max(start, TextLines.ContentEnd(text, LastItem(tables[index], end)) - 1)) - start);
            }
        }

        return WithoutMarks(text);
    }

    /// <summary>Whether only the registry itself is named.</summary>
    public static bool IsEmpty(string text, string file) =>
        Parse(text, file) is var parsed && !parsed.Tables.Any() && parsed.KeyValues.All(pair => Name(pair.Key) == "server");

    /// <summary>Whether the mirror is in it.</summary>
    public static bool Has(string text, string file, string header) =>
        Parse(text, file).Tables.Any(table => table.Items.Any(item => Name(item.Key) == header));

    public static DocumentSyntax Parse(string text, string file)
    {
        var parsed = SyntaxParser.Parse(text, file);
        return parsed.HasErrors ? throw new InstallRefusal($"{file} is no TOML that can be merged: {parsed.Diagnostics.First()}") : parsed;
    }

    /// <summary>A key, or a part of one, without quotes.</summary>
    public static string Name(SyntaxNode? key) => key switch
    {
        KeySyntax { Key: { } first } whole when !whole.DotKeys.Any() => Name(first),
        BareKeySyntax bare => bare.Key?.Text ?? "",
        StringValueSyntax quoted => quoted.Value ?? "",
        _ => "",
    };

    /// <summary>What containerd, which reads TOML strictly, would not take beside a table of ours; <c>null</c> when it takes it.</summary>
    private static string? WhyNot(DocumentSyntax parsed, string address) =>
        parsed.KeyValues.Any(pair => pair.Key is { Key: { } first } && Name(first) == Host)
            ? "says its hosts in one line, which no table can be added to: write them as tables [host.\"…\"]"
        : parsed.Tables.Any(table => table is TableArraySyntax && table.Name is { Key: { } name } && Name(name) == Host)
            ? "says its hosts as a list of tables, which containerd does not read: write them as tables [host.\"…\"]"
        : parsed.Tables.Any(table => IsHost(table, address)) ? $"has a host {address} of somebody else" : null;

    private static bool IsHost(TableSyntaxBase table, string address) => Address(table) == address;

    /// <summary>The host that a table is about, itself or by its header; <c>null</c> for another table.</summary>
    private static string? Address(TableSyntaxBase table) =>
        table.Name is { Key: { } first } name && Name(first) == Host && name.DotKeys.FirstOrDefault() is { } host ? Name(host.Key) : null;

    private static int Start(TableSyntaxBase table) => table.OpenBracket!.Span.Start.Offset;

    private static int LastItem(TableSyntaxBase table, int end) =>
        table.Items.LastOrDefault() is { } item ? Math.Min(end, item.Span.End.Offset + 1) : table.CloseBracket!.Span.End.Offset + 1;

    /// <summary>Comments right above a table belong to it.</summary>
    private static int AboveComments(string text, int at)
    {
        while (at > 0 && TextLines.Start(text, at - 1) is var line && text[line..at].TrimStart().StartsWith('#'))
        {
            at = line;
        }

        return at;
    }

    private static string WithoutMarks(string text)
    {
        foreach (var mark in (string[])[Begin, End])
        {
            for (var at = text.IndexOf(mark, StringComparison.Ordinal); at >= 0; at = text.IndexOf(mark, StringComparison.Ordinal))
            {
                var start = TextLines.Start(text, at);
                text = text.Remove(start, TextLines.Next(text, at) - start);
            }
        }

        return text;
    }
}
