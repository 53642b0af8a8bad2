namespace RegistryProxy.Protocol;

/// <summary>A tag: <c>[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}</c> (OCI distribution-spec, "Pulling manifests").</summary>
public sealed record Tag
{
    private Tag(string value) => Value = value;

    public string Value { get; }

    /// <summary>Parses a tag; <c>false</c> when it is not one.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Tag tag)
    {
        tag = null!;
        if (text.Length is 0 or > 128 || text[0] is '.' or '-' || text.ContainsAnyExcept(Alphabets.Tag))
        {
            return false;
        }

        tag = new Tag(text.ToString());
        return true;
    }

    /// <summary>Parses a tag.</summary>
    /// <exception cref="FormatException">The text is not a tag.</exception>
    public static Tag Parse(string text) => TryParse(text, out var tag) ? tag : throw new FormatException($"'{text}' is not a tag");

    public override string ToString() => Value;
}
