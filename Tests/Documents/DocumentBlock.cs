using System.Text.RegularExpressions;

namespace RegistryProxy.Tests.Documents;

/// <summary>A fenced block of README.md or of a page below docs/.</summary>
/// <param name="Page">The path of the page, from the root of the repository.</param>
/// <param name="Line">The line of its fence.</param>
/// <param name="Language">What the fence says: <c>sh</c>, <c>yaml</c> …; empty for output and drawings.</param>
/// <param name="Kind">What the fence says after the language: whose YAML it is; empty for the product's configuration.</param>
/// <param name="Text">Its lines.</param>
internal sealed partial record DocumentBlock(string Page, int Line, string Language, string Kind, string Text)
{
    public static readonly string Root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;

    /// <summary>README.md and everything below docs/.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        "README.md", .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file)).Order(StringComparer.Ordinal),
    ];

    public static IReadOnlyList<DocumentBlock> All { get; } = [.. Pages.SelectMany(Read)];

    /// <summary>The page and the line of every block of a language and kind.</summary>
    public static TheoryData<string> Places(string language, string kind = "") =>
        [.. All.Where(block => block.Language == language && block.Kind == kind).Select(block => block.Place)];

    public static DocumentBlock At(string place) => All.Single(block => block.Place == place);

    /// <summary>The first block of a page that begins with a text.</summary>
    public static DocumentBlock Of(string page, string beginning) =>
        All.First(block => block.Page == page && block.Text.StartsWith(beginning, StringComparison.Ordinal));

    public string Place => $"{Page}:{Line}";

    private static IEnumerable<DocumentBlock> Read(string page)
    {
        var lines = File.ReadAllLines(Path.Combine(Root, page));
        for (var start = 0; start < lines.Length; start++)
        {
            if (Fence().Match(lines[start]) is not { Success: true } fence)
            {
                continue;
            }

            var end = Array.FindIndex(lines, start + 1, line => line.TrimStart() == "```");
            Assert.True(end > 0, $"{page}:{start + 1}: the block is not closed");
            yield return new DocumentBlock(
                page, start + 1, fence.Groups[1].Value, fence.Groups[2].Value, string.Join('\n', lines[(start + 1)..end]) + "\n");
            start = end;
        }
    }

    [GeneratedRegex(@"^\s*```(\w*) ?(\w*)$")]
    private static partial Regex Fence();
}
