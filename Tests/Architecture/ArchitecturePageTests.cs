using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace RegistryProxy.Tests.Architecture;

/// <summary>docs/architecture.md against the projects and their folders.</summary>
public sealed partial class ArchitecturePageTests
{
    private static readonly string Root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;

    [Fact]
    public void The_page_knows_the_projects_and_what_they_reference()
    {
        var told = Rows("## Projects").ToDictionary(row => row.Name, row => row.Arrows);
        var projects = Directory.EnumerateFiles(Root, "*.csproj", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/Tests/") && !file.Contains("/Benchmarks/"));
        Assert.Equal(projects.Select(file => Path.GetFileNameWithoutExtension(file)!).Order(), told.Keys.Order());
        Assert.All(projects, file => Assert.Equal(
            XDocument.Load(file).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)).Order(),
            told[Path.GetFileNameWithoutExtension(file)].Order()));
    }

    [Theory]
    [InlineData("Gateway")]
    [InlineData("Grains")]
    [InlineData("Silo")]
    [InlineData("NodeAgent")]
    [InlineData("Configuration")]
    [InlineData("ServiceDefaults")]
    public void The_page_shows_the_folders_top_down(string project)
    {
        var rows = Rows($"### {project}");
        Assert.Equal(FolderArrows.Reduced(project).Select(Describe).Order(),
            rows.Select(row => Describe(new(row.Name, [.. row.Arrows]))).Order());
        var order = rows.Select(row => row.Name).ToList();
        Assert.All(rows, row => Assert.All(
            row.Arrows, to => Assert.True(order.IndexOf(to) > order.IndexOf(row.Name), $"{row.Name} stands below {to}")));
    }

    /// <summary>How many files a walk may have.</summary>
    private static readonly (string Walk, int Files)[] Most =
        [("The listener", 10), ("A warm manifest", 45), ("A cold blob", 60), ("A call of a grain", 6), ("`POST /token`", 45), ("A pull by kubelet", 25)];

    [Fact]
    public void Walks_name_files_that_exist_once_each_and_their_number()
    {
        var page = string.Join('\n',
            File.ReadAllLines(Path.Combine(Root, "docs", "architecture.md")).SkipWhile(line => line != "## Walks").Skip(1)
                .TakeWhile(line => !line.StartsWith("## ")));
        var walks = page.Split("\n### ")[1..];
        Assert.Equal(Most.Length, walks.Length);
        Assert.All(walks, walk =>
        {
            var files = SourceFile().Matches(walk).Select(file => file.Groups[1].Value).ToList();
            Assert.All(files, file => Assert.True(File.Exists(Path.Combine(Root, file)), file));
            Assert.Equal(files.Distinct(), files);
            Assert.True(files.Count <= Most.FirstOrDefault(most => walk.StartsWith(most.Walk)).Files, $"too many files: {walk.Split('\n')[0]}");
            Assert.Equal(files.Count,
                int.Parse(Length().Match(walk.Split('\n')[0]).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
        });
    }

    private static string Describe(KeyValuePair<string, HashSet<string>> folder) =>
        $"{folder.Key}: {string.Join(", ", folder.Value.Order())}";

    private static List<(string Name, string[] Arrows)> Rows(string heading) =>
    [
        .. File.ReadAllLines(Path.Combine(Root, "docs", "architecture.md"))
            .SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !line.StartsWith('#'))
            .Select(line => Row().Match(line)).Where(match => match.Success)
            .Select(match => (match.Groups["name"].Value,
                Word().Matches(match.Groups["arrows"].Value).Select(word => word.Groups[1].Value).ToArray())),
    ];

    [GeneratedRegex(@"^\| `(?<name>[^`]+)` \|.*\| (?<arrows>[^|]+) \|$")]
    private static partial Regex Row();

    [GeneratedRegex(@"`([\w./]+\.cs)`")]
    private static partial Regex SourceFile();

    [GeneratedRegex(@"\((\d+) files\)$")]
    private static partial Regex Length();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Word();
}
