namespace RegistryProxy.Protocol;

/// <summary>
/// A repository name: path components of <c>[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*</c> joined by <c>/</c>,
/// at most 255 characters (OCI distribution-spec, "Pulling manifests").
/// </summary>
public sealed record RepositoryName
{
    /// <summary>The longest name, in characters.</summary>
    public const int MaxLength = 255;

    private RepositoryName(string value) => Value = value;

    public string Value { get; }

    /// <summary>Parses a name; <c>false</c> when it is not one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RepositoryName name)
    {
        name = null!;
        if (text.Length is 0 or > MaxLength)
        {
            return false;
        }

        foreach (var component in text.Split('/'))
        {
            if (!IsComponent(text[component]))
            {
                return false;
            }
        }

        name = new RepositoryName(text.ToString());
        return true;
    }

    /// <summary>Parses a name.</summary>
    /// <exception cref="FormatException">The text is not a repository name.</exception>
    public static RepositoryName Parse(string text) =>
        TryParse(text, out var name) ? name : throw new FormatException($"'{text}' is not a repository name");

    /// <summary>
    /// The name without <paramref name="prefix"/> and the slash behind it; <c>null</c> when the name does not lie below the prefix.
    /// An empty prefix lies above every name. Only whole components count.
    /// </summary>
    public string? Below(string prefix)
    {
        if (prefix.Length == 0)
        {
            return Value;
        }

        return Value.Length > prefix.Length + 1 && Value[prefix.Length] == '/' && Value.StartsWith(prefix, StringComparison.Ordinal)
            ? Value[(prefix.Length + 1)..]
            : null;
    }

    public override string ToString() => Value;

    private static bool IsComponent(ReadOnlySpan<char> text)
    {
        var separators = 0;
        var last = '\0';
        foreach (var c in text)
        {
            if (char.IsAsciiDigit(c) || char.IsAsciiLetterLower(c))
            {
                separators = 0;
            }
            else if (!MaySeparate(c, last, ++separators))
            {
                return false;
            }

            last = c;
        }

        return text.Length > 0 && separators == 0;
    }

    private static bool MaySeparate(char c, char last, int run) =>
        run == 1 ? last != '\0' && (c is '.' or '_' or '-') : c == last && (c == '-' || (c == '_' && run == 2));
}
