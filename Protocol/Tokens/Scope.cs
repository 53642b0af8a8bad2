using System.Text;

namespace RegistryProxy.Protocol;

/// <summary>
/// One scope of the token protocol, <c>type[(class)]:name:action[,action]</c> (distribution, spec/auth/scope.md). The name may hold
/// a colon; the class is dropped; unknown actions are dropped. Only types that this product knows become a scope.
/// </summary>
public sealed record Scope
{
    /// <summary>The most scopes of one token.</summary>
    public const int MaxCount = 100;

    /// <summary>
    /// The most characters that the scopes of one token may have together, each with <see cref="Frame"/> around its name.
    /// </summary>
    public const int MaxText = 8000;

    /// <summary>What the claim of a scope has beside its name, in characters.</summary>
    private const int Frame = 70;

    private const string CatalogName = "catalog";

    private Scope(RepositoryName? repository, RepositoryActions actions) => (Repository, Actions) = (repository, actions);

    /// <summary>The repository, or <c>null</c> for <c>registry:catalog:*</c>.</summary>
    public RepositoryName? Repository { get; }

    public RepositoryActions Actions { get; init; }

    /// <summary>Listing repositories, <c>registry:catalog:*</c>.</summary>
    public static Scope Catalog { get; } = new(null, RepositoryActions.Catalog);

    /// <summary>Actions on one repository.</summary>
    public static Scope Of(RepositoryName repository, RepositoryActions actions) => new(repository, actions);

    /// <summary>Parses one scope; <c>false</c> for what is unknown here, which callers ignore as the specification asks.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Scope scope)
    {
        scope = null!;
        int first = text.IndexOf(':'), last = text.LastIndexOf(':');
        if (first < 0 || last == first)
        {
            return false;
        }

        var type = text[..first];
        if (type.EndsWith(")") && type.IndexOf('(') is var open and >= 0)
        {
            type = type[..open];
        }

        var name = text[(first + 1)..last];
        var actions = ParseActions(text[(last + 1)..]);
        if (type is "registry" && name is CatalogName)
        {
            scope = Catalog;
            return text[(last + 1)..] is "*";
        }

        if (type is not "repository" || !RepositoryName.TryParse(name, out var repository))
        {
            return false;
        }

        scope = new Scope(repository, actions & ~RepositoryActions.Catalog);
        return scope.Actions != RepositoryActions.None;
    }

    /// <summary>
    /// Parses any number of scope parameters, each of which may hold several separated by spaces, merged by repository in order of
    /// appearance. Of what does not fit into one token the middle is left out, since less may always be granted than was asked for: the
    /// first is what a push is for, and the last what a client has just added to those that it collects.
    /// </summary>
    public static IReadOnlyList<Scope> ParseAll(IEnumerable<string> parameters)
    {
        List<Scope> parsed = [];
        Dictionary<string, int> places = [];
        foreach (var parameter in parameters)
        {
            foreach (var range in parameter.AsSpan().Split(' '))
            {
                if (TryParse(parameter.AsSpan()[range], out var scope))
                {
                    Merge(parsed, places, scope);
                }
            }
        }

        return BothEnds(parsed);
    }

    public override string ToString() =>
        Repository is null ? "registry:catalog:*" : new StringBuilder("repository:").Append(Repository.Value).Append(':')
            .AppendJoin(',', Actions.Names()).ToString();

    private static void Merge(List<Scope> scopes, Dictionary<string, int> places, Scope scope)
    {
        if (places.TryAdd(scope.Repository?.Value ?? "", scopes.Count))
        {
            scopes.Add(scope);
            return;
        }

        var known = places[scope.Repository?.Value ?? ""];
        scopes[known] = scope with { Actions = scopes[known].Actions | scope.Actions };
    }

    /// <summary>The first, the last, the second, and so on, as many as fit; in their order.</summary>
    private static List<Scope> BothEnds(List<Scope> scopes)
    {
        var (first, end, length) = (0, scopes.Count, 0);
        while (first < end && scopes.Count - (end - first) is var taken and < MaxCount)
        {
            var isFirst = taken % 2 == 0;
            length += LengthOf(scopes[isFirst ? first : end - 1]);
            if (length > MaxText)
            {
                break;
            }

            (first, end) = isFirst ? (first + 1, end) : (first, end - 1);
        }

        scopes.RemoveRange(first, end - first);
        return scopes;
    }

    private static int LengthOf(Scope scope) => Frame + (scope.Repository?.Value.Length ?? 0);

    private static RepositoryActions ParseActions(ReadOnlySpan<char> text)
    {
        var actions = RepositoryActions.None;
        foreach (var range in text.Split(','))
        {
            actions |= RepositoryActionNames.Parse(text[range]);
        }

        return actions;
    }
}
