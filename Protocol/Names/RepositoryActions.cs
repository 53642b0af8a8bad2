namespace RegistryProxy.Protocol;

/// <summary>What may be done with a repository, or with the list of them. The names on the wire are the lower-case members.</summary>
[Flags]
public enum RepositoryActions
{
    None = 0,
    Pull = 1,
    Push = 2,
    Delete = 4,

    /// <summary>List the names of repositories (<c>registry:catalog:*</c>).</summary>
    Catalog = 8,
}

/// <summary>The wire names of <see cref="RepositoryActions"/>.</summary>
public static class RepositoryActionNames
{
    private static readonly (string Name, RepositoryActions Action)[] Known =
    [
        ("pull", RepositoryActions.Pull),
        ("push", RepositoryActions.Push),
        ("delete", RepositoryActions.Delete),
        ("catalog", RepositoryActions.Catalog),
    ];

    /// <summary>
    /// One action by its name; <c>*</c> is every action on a repository. <see cref="RepositoryActions.None"/> when unknown.
    /// </summary>
    public static RepositoryActions Parse(ReadOnlySpan<char> name)
    {
        if (name is "*")
        {
            return RepositoryActions.Pull | RepositoryActions.Push | RepositoryActions.Delete;
        }

        foreach (var (known, action) in Known)
        {
            if (name.SequenceEqual(known))
            {
                return action;
            }
        }

        return RepositoryActions.None;
    }

    /// <summary>The names of the actions, in the order pull, push, delete, catalog.</summary>
    public static IReadOnlyList<string> Names(this RepositoryActions actions) =>
        [.. Known.Where(known => actions.HasFlag(known.Action)).Select(known => known.Name)];
}
