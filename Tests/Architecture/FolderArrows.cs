using System.Reflection;

namespace RegistryProxy.Tests.Architecture;

/// <summary>Which folders of a project refer to which others of it.</summary>
internal static class FolderArrows
{
    /// <summary>What files of no folder are in.</summary>
    public const string Top = "(root)";

    /// <summary>The arrows between folders, and from each folder with types to itself.</summary>
    /// <param name="depth">How many parts of a folder's path tell it from others.</param>
    public static HashSet<(string From, string To)> Of(string project, int depth = int.MaxValue)
    {
        var root = $"RegistryProxy.{project}";
        return [.. TypeReferences.Namespaces(Assembly.Load(root))
            .Where(edge => IsOf(root, edge.From) && IsOf(root, edge.To))
            .Select(edge => (FolderOf(root, edge.From, depth), FolderOf(root, edge.To, depth)))];
    }

    /// <summary>The arrows that no way over other folders implies.</summary>
    public static Dictionary<string, HashSet<string>> Reduced(string project)
    {
        var arrows = Of(project);
        var direct = arrows.SelectMany(arrow => new[] { arrow.From, arrow.To }).Distinct()
            .ToDictionary(folder => folder, folder => arrows.Where(arrow => arrow.From == folder && arrow.To != folder).Select(arrow => arrow.To).ToHashSet());
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

    private static bool IsOf(string root, string space) => space == root || space.StartsWith($"{root}.", StringComparison.Ordinal);

    private static string FolderOf(string root, string space, int depth) =>
        space.Length == root.Length ? Top : string.Join('/', space[(root.Length + 1)..].Split('.').Take(depth));
}
