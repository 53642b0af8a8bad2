using System.Text.RegularExpressions;

namespace RegistryProxy.Tests.Documents;

/// <summary>Links of the documents lead somewhere, and every page is linked from the index.</summary>
public sealed partial class LinkTests
{
    public static TheoryData<string> Pages => [.. DocumentBlock.Pages];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_to_files_and_headings_that_exist(string page) => Assert.Empty(
        Links(page).Where(link => !Leads(link.File, link.Heading)).Select(link => $"{page}: {link.Text}"));

    [Fact]
    public void The_index_leads_to_every_page()
    {
        var reached = new HashSet<string> { "docs/README.md" };
        var waiting = new Queue<string>(reached);
        while (waiting.TryDequeue(out var page))
        {
            foreach (var link in Links(page).Where(link => link.File.EndsWith(".md", StringComparison.Ordinal) && reached.Add(link.File)))
            {
                waiting.Enqueue(link.File);
            }
        }

        Assert.Empty(DocumentBlock.Pages.Except(reached));
    }

    /// <summary>Files of the repository that commands and texts name.</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public void Files_of_the_repository_that_are_named_exist(string page) => Assert.Empty(
        NamedFile().Matches(File.ReadAllText(Path.Combine(DocumentBlock.Root, page))).Select(match => match.Value.TrimEnd('.'))
            .Where(name => !name.Contains("/obj/") && !Path.Exists(Path.Combine(DocumentBlock.Root, name)))
            .Select(name => $"{page}: {name}"));

    private static IEnumerable<(string Text, string File, string Heading)> Links(string page)
    {
        var text = Code().Replace(File.ReadAllText(Path.Combine(DocumentBlock.Root, page)), "");
        foreach (Match match in Link().Matches(text))
        {
            var target = match.Groups[1].Value;
            if (target.Contains("://"))
            {
                continue;
            }

            var parts = target.Split('#');
            var file = parts[0].Length == 0 ? page : Path.Combine(Path.GetDirectoryName(page)!, parts[0]);
            yield return (target, Path.GetRelativePath("/", Path.GetFullPath(file, "/")), parts.ElementAtOrDefault(1) ?? "");
        }
    }

    private static bool Leads(string file, string heading)
    {
        var path = Path.Combine(DocumentBlock.Root, file);
        return heading.Length == 0
            ? File.Exists(path) || Directory.Exists(path)
            : File.Exists(path) && File.ReadLines(path).Where(line => line.StartsWith('#')).Any(line => Anchor(line) == heading);
    }

    /// <summary>As GitHub makes them.</summary>
    private static string Anchor(string heading) =>
        NotInAnchors().Replace(heading.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("(?ms)^ *```.*?^ *```$|`[^`\n]*`")]
    private static partial Regex Code();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchors();

    [GeneratedRegex(@"(?<![\w/.~-])(deploy|docs|Tests|Benchmarks)/[\w./-]*[\w]")]
    private static partial Regex NamedFile();
}
