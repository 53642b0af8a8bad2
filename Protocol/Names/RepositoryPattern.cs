namespace RegistryProxy.Protocol;

/// <summary>
/// A glob over whole path components of a repository name: <c>*</c> stands for one component, or for any run of characters
/// inside one; <c>**</c>, alone in its component, for any number of components, none included.
/// </summary>
public sealed record RepositoryPattern
{
    private readonly string[] _components;

    private RepositoryPattern(string value, string[] components) => (Value, _components) = (value, components);

    public string Value { get; }

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

    /// <summary>Whether the whole name matches. Allocates nothing.</summary>
    public bool Matches(RepositoryName name) => Matches(_components, name.Value);

    public bool Equals(RepositoryPattern? other) => other is not null && Value == other.Value;

    public override int GetHashCode() => Value.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Value;

    private static bool Matches(ReadOnlySpan<string> pattern, ReadOnlySpan<char> name)
    {
        while (pattern.Length > 0)
        {
            if (pattern[0] == "**")
            {
                return MatchesAnyDepth(pattern[1..], name);
            }

            if (name.IsEmpty)
            {
                return false;
            }

            var end = name.IndexOf('/');
            if (!Glob.Matches(pattern[0], end < 0 ? name : name[..end]))
            {
                return false;
            }

            pattern = pattern[1..];
            name = end < 0 ? [] : name[(end + 1)..];
        }

        return name.IsEmpty;
    }

    private static bool MatchesAnyDepth(ReadOnlySpan<string> rest, ReadOnlySpan<char> name)
    {
        if (rest.IsEmpty)
        {
            return true;
        }

        while (!Matches(rest, name))
        {
            var end = name.IndexOf('/');
            if (end < 0)
            {
                return Matches(rest, []);
            }

            name = name[(end + 1)..];
        }

        return true;
    }

    private static bool IsComponent(string component) =>
        component == "**"
        || (component.Length > 0 && !component.Contains("**") && !component.AsSpan().ContainsAnyExcept(Alphabets.PatternComponent));
}
