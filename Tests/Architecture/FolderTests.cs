namespace RegistryProxy.Tests.Architecture;

/// <summary>Folders inside a project point one way: no cycle between them at any depth, the root included.</summary>
public sealed class FolderTests
{
    private const int MostFiles = 25;

    private static readonly string Root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;

    public static TheoryData<string> Projects =>
    [
        "Protocol", "Files", "Background", "Configuration", "Egress", "Grains.Interfaces", "Grains", "ServiceDefaults",
        "Clustering.Kubernetes", "Silo",
        "Gateway", "Standalone", "NodeAgent",
    ];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_point_one_way(string project)
    {
        var deepest = FolderArrows.Of(project).Max(arrow => Math.Max(arrow.From.Split('/').Length, arrow.To.Split('/').Length));
        for (var depth = 1; depth <= deepest; depth++)
        {
            Assert.Equal([], Cycle([.. FolderArrows.Of(project, depth).Where(arrow => arrow.From != arrow.To)]));
        }
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Folders_can_be_overlooked(string project)
    {
        var files = Directory.EnumerateFiles(Path.Combine(Root, project), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, Path.GetDirectoryName(file)!))
            .Where(folder => !folder.Split('/').Any(part => part is "obj" or "bin"));
        Assert.Equal([], files.GroupBy(folder => folder).Where(folder => folder.Count() > MostFiles)
            .Select(folder => $"{folder.Key}: {folder.Count()} files"));
    }

    /// <summary>Edges that lie on a cycle: those left when everything that only points or is only pointed at is taken away.</summary>
    private static IReadOnlyList<string> Cycle(HashSet<(string From, string To)> edges)
    {
        while (true)
        {
            var sources = edges.Select(edge => edge.From).ToHashSet();
            var targets = edges.Select(edge => edge.To).ToHashSet();
            if (edges.RemoveWhere(edge => !sources.Contains(edge.To) || !targets.Contains(edge.From)) == 0)
            {
                return [.. edges.Select(edge => $"{edge.From} -> {edge.To}").Order()];
            }
        }
    }
}
