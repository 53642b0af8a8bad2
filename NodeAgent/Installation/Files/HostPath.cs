using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>
/// Where a path of the node is from here. Links are followed as the node would: an absolute one begins at the node's root.
/// </summary>
internal static class HostPath
{
    private const int MostLinks = 40;

    /// <summary>
    /// The folder where the node's root is seen, from the root of this machine: what is compared with it is so, too.
    /// </summary>
    /// <exception cref="InstallRefusal">It is empty.</exception>
    public static string Root(string root) => root.Length > 0
        ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(root))
        : throw new InstallRefusal("--root is empty: name the folder where the node's root file system is, or leave it out");

    /// <param name="root">The folder where the node's root is seen.</param>
    /// <param name="path">On the node.</param>
    /// <param name="last">Whether a link at the very end is followed, too.</param>
    public static string Resolve(string root, string path, bool last = true)
    {
        Stack<string> rest = new();
        List<string> at = [];
        Push(rest, path);
        for (var links = 0; rest.TryPop(out var name);)
        {
            if (name == "..")
            {
                at.RemoveRange(Math.Max(0, at.Count - 1), Math.Min(1, at.Count));
                continue;
            }

            at.Add(name);
            if ((rest.Count == 0 && !last) || new FileInfo(Join(root, at)).LinkTarget is not { } target)
            {
                continue;
            }

            if (++links > MostLinks)
            {
                throw new InstallRefusal($"{path}: its links lead in a circle");
            }

            at.RemoveRange(target.StartsWith('/') ? 0 : at.Count - 1, target.StartsWith('/') ? at.Count : 1);
            Push(rest, target);
        }

        return Join(root, at);
    }

    /// <summary>A path as this program writes it: from the root, with single slashes and none at its end; links are not followed.</summary>
    public static string Tidy(string path) => Path.GetFullPath(path, "/") is { Length: > 1 } whole ? whole.TrimEnd('/') : "/";

    private static string Join(string root, List<string> parts) => Path.Join(root, string.Join('/', parts));

    private static void Push(Stack<string> rest, string path)
    {
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse().Where(part => part != "."))
        {
            rest.Push(part);
        }
    }
}
