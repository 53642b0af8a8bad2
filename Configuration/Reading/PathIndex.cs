namespace RegistryProxy.Configuration.Reading;

/// <summary>Finds things by the path where they are, and by the folders above.</summary>
internal sealed class PathIndex<T>
    where T : class
{
    private readonly Dictionary<string, List<T>> _at = [];
    private readonly Dictionary<string, List<T>> _below = [];

    /// <summary>The folders above an absolute path, the nearest first, without a slash at their end; the root is empty.</summary>
    public static IEnumerable<string> FoldersOf(string path)
    {
        for (var end = path.LastIndexOf('/'); end >= 0; end = end == 0 ? -1 : path.LastIndexOf('/', end - 1))
        {
            yield return path[..end];
        }
    }

    /// <summary>Adds something that is at an absolute path, among others perhaps.</summary>
    public void Add(string path, T thing)
    {
        Add(_at, path, thing);
        foreach (var folder in FoldersOf(path))
        {
            Add(_below, folder, thing);
        }
    }

    /// <summary>What is at just this path.</summary>
    public IReadOnlyList<T> At(string path) => _at.GetValueOrDefault(path) ?? [];

    /// <summary>What is anywhere below a folder.</summary>
    public IReadOnlyList<T> Below(string folder) => _below.GetValueOrDefault(folder.TrimEnd('/')) ?? [];

    private static void Add(Dictionary<string, List<T>> all, string path, T thing)
    {
        if (!all.TryGetValue(path, out var here))
        {
            all[path] = here = [];
        }

        here.Add(thing);
    }
}
