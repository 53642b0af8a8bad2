namespace RegistryProxy.Protocol;

/// <summary>
/// A glob over whole path components of a repository name: <c>*</c> stands for one component, or for any run of characters
/// inside one; <c>**</c>, alone in its component, for any number of components, none included.
/// </summary>
public sealed record RepositoryPattern
{
    private const string AnyDepth = "**";

    private readonly string[] _components;

    private RepositoryPattern(string value, string[] components) => (Value, _components) = (value, components);

    public string Value { get; }

    /// <summary>The components before the first wildcard, joined by slashes: whatever it matches is that or lies below.</summary>
    public string Stem => string.Join('/', _components.TakeWhile(component => !component.Contains('*')));

    /// <summary>Whether it has no wildcard: it matches one name.</summary>
    public bool IsName => !Value.Contains('*');

    /// <summary>Parses a pattern; <c>false</c> when a component could never match a name.</summary>
    public static bool TryParse(string text, out RepositoryPattern pattern)
    {
        pattern = null!;
        var components = text.Split('/');
        if (text.Length > RepositoryName.MaxLength || !Array.TrueForAll(components, IsComponent))
        {
            return false;
        }

        pattern = new RepositoryPattern(text, components);
        return true;
    }

    /// <summary>Parses a pattern.</summary>
    /// <exception cref="FormatException">The text is not a pattern.</exception>
    public static RepositoryPattern Parse(string text) =>
        TryParse(text, out var pattern) ? pattern : throw new FormatException($"'{text}' is not a repository pattern");

    /// <summary>Whether the whole name matches. Takes at most length of pattern × length of name steps; allocates nothing.</summary>
    public bool Matches(RepositoryName name) => Matches(_components, name.Value);

    /// <summary>Whether some name below a path of whole components matches; every name is below the empty path.</summary>
    public bool MatchesBelow(string path)
    {
        var reached = new bool[_components.Length + 1];
        reached[0] = true;
        Skip(reached);
        foreach (var component in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = new bool[reached.Length];
            for (var i = 0; i < _components.Length; i++)
            {
                next[i] |= reached[i] && _components[i] == AnyDepth;
                next[i + 1] |= reached[i] && _components[i] != AnyDepth && Glob.Matches(_components[i], component);
            }

            Skip(next);
            reached = next;
        }

        return reached.AsSpan(0, _components.Length).Contains(true);
    }

    /// <summary>
    /// Whether every name that another pattern matches is certainly matched by this one: each wildcard of the other must meet one here.
    /// What only several components together would cover is not.
    /// </summary>
    public bool Covers(RepositoryPattern other)
    {
        // Which ends of this pattern cover which ends of the other, from the last to the first.
        var (mine, theirs) = (_components, other._components);
        var after = new bool[theirs.Length + 1];
        after[^1] = true;
        for (var i = mine.Length - 1; i >= 0; i--)
        {
            var covered = new bool[theirs.Length + 1];
            covered[^1] = mine[i] == AnyDepth && after[^1];
            for (var j = theirs.Length - 1; j >= 0; j--)
            {
                covered[j] = mine[i] == AnyDepth ? after[j] || covered[j + 1]
                    : theirs[j] != AnyDepth && after[j + 1] && Glob.Matches(mine[i], theirs[j]);
            }

            after = covered;
        }

        return after[0];
    }

    /// <summary>Any depth may be none.</summary>
    private void Skip(bool[] reached)
    {
        for (var i = 0; i < _components.Length; i++)
        {
            reached[i + 1] |= reached[i] && _components[i] == AnyDepth;
        }
    }

    public bool Equals(RepositoryPattern? other) => other is not null && Value == other.Value;

    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Value;

    /// <summary>
    /// Only the last <c>**</c> is ever tried again, one component further: what stands between two of them matches one component each, so
    /// that its first match leaves the most for the rest. No component of the pattern meets one of the name twice.
    /// </summary>
    private static bool Matches(ReadOnlySpan<string> pattern, ReadOnlySpan<char> name)
    {
        int p = 0, n = 0, retryPattern = -1, retryName = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == AnyDepth)
            {
                (retryPattern, retryName) = (++p, n);
                if (p == pattern.Length)
                {
                    return true;
                }
            }
            else if (p < pattern.Length && Glob.Matches(pattern[p], Component(name, n)))
            {
                p++;
                n = Next(name, n);
            }
            else if (retryPattern >= 0)
            {
                (p, n) = (retryPattern, retryName = Next(name, retryName));
            }
            else
            {
                return false;
            }
        }

        return !pattern[p..].ContainsAnyExcept(AnyDepth);
    }

    private static ReadOnlySpan<char> Component(ReadOnlySpan<char> name, int start) => name[start..(Next(name, start) - 1)];

    /// <summary>Where the next component begins; beyond the end when there is none.</summary>
    private static int Next(ReadOnlySpan<char> name, int start) =>
        name[start..].IndexOf('/') is >= 0 and var length ? start + length + 1 : name.Length + 1;

    private static bool IsComponent(string component) =>
        component == AnyDepth
        || (component.Length > 0 && !component.Contains(AnyDepth) && !component.AsSpan().ContainsAnyExcept(Alphabets.PatternComponent));
}
