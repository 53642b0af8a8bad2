using System.Reflection;
using System.Text.RegularExpressions;

namespace RegistryProxy.Tests.Architecture;

/// <summary>Which folders of a project refer to which others of it.</summary>
internal static partial class FolderArrows
{
    /// <summary>What files of no folder are in.</summary>
    public const string Top = "(root)";

    private static readonly string Root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;

    /// <summary>The arrows between folders, and from each folder with types to itself.</summary>
    /// <param name="depth">How many parts of a folder's path tell it from others.</param>
    public static HashSet<(string From, string To)> Of(string project, int depth = int.MaxValue)
    {
        var (root, places) = ($"RegistryProxy.{project}.", Places(project));
        return [.. TypeReferences.Of(Assembly.Load($"RegistryProxy.{project}"))
            .Where(edge => edge.From.StartsWith(root, StringComparison.Ordinal) && edge.To.StartsWith(root, StringComparison.Ordinal))
            .Select(edge => (Cut(FolderOf(edge.From), depth), Cut(FolderOf(edge.To), depth)))];

        string FolderOf(string type) => places.TryGetValue(type, out var folder) ? folder : FolderOfGenerated(type[root.Length..]);
    }

    /// <summary>The arrows that no way over other folders implies.</summary>
    public static Dictionary<string, HashSet<string>> Reduced(string project)
    {
        var arrows = Of(project);
        var direct = arrows.SelectMany(arrow => new[] { arrow.From, arrow.To }).Distinct()
            .ToDictionary(folder => folder,
                folder => arrows.Where(arrow => arrow.From == folder && arrow.To != folder).Select(arrow => arrow.To).ToHashSet());
        return direct.ToDictionary(
            folder => folder.Key,
            folder => folder.Value.Where(to => !folder.Value.Any(over => over != to && Below(direct, over).Contains(to))).ToHashSet());
    }

    /// <summary>Everything that a folder leads to.</summary>
    private static HashSet<string> Below(Dictionary<string, HashSet<string>> direct, string folder)
    {
        HashSet<string> found = [];
        var waiting = new Queue<string>([folder]);
        while (waiting.TryDequeue(out var next))
        {
            direct[next].Where(found.Add).ToList().ForEach(waiting.Enqueue);
        }

        return found;
    }

    /// <summary>The folder of each type that a file of the project declares, whatever its namespace is.</summary>
    private static Dictionary<string, string> Places(string project)
    {
        var top = Path.Combine(Root, project);
        Dictionary<string, string> places = [];
        foreach (var file in Directory.EnumerateFiles(top, "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/") && !file.Contains("/bin/")))
        {
            var text = File.ReadAllText(file);
            var folder = Path.GetRelativePath(top, Path.GetDirectoryName(file)!);
            foreach (Match type in Declaration().Matches(text))
            {
                places[$"{Namespace().Match(text).Groups[1].Value}.{type.Groups[1].Value}"] = folder == "." ? Top : folder;
            }
        }

        return places;
    }

    /// <summary>A type that no file declares is generated: its namespace is its folder.</summary>
    private static string FolderOfGenerated(string type) => type.LastIndexOf('.') is var end and > 0 ? type[..end].Replace('.', '/') : Top;

    private static string Cut(string folder, int depth) => string.Join('/', folder.Split('/').Take(depth));

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(
        @"^(?:(?:public|internal|static|sealed|abstract|readonly|ref|unsafe|partial) )+(?:class|record struct|record|struct|interface|enum|delegate [\w<>?.]+) (\w+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
