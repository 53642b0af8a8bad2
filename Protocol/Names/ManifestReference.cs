namespace RegistryProxy.Protocol;

/// <summary>What a manifest is asked for by: a tag or a digest. Exactly one of the two is set.</summary>
public sealed record ManifestReference
{
    private ManifestReference(Tag? tag, Digest? digest) => (Tag, Digest) = (tag, digest);

    public Tag? Tag { get; }

    public Digest? Digest { get; }

    public static ManifestReference Of(Tag tag) => new(tag, null);

    public static ManifestReference Of(Digest digest) => new(null, digest);

    /// <summary>Parses a reference; anything with a colon must be a digest.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ManifestReference reference)
    {
        reference = null!;
        if (text.Contains(':'))
        {
            if (!Digest.TryParse(text, out var digest))
            {
                return false;
            }

            reference = new ManifestReference(null, digest);
            return true;
        }

        if (!Tag.TryParse(text, out var tag))
        {
            return false;
        }

        reference = new ManifestReference(tag, null);
        return true;
    }

    public override string ToString() => Tag?.Value ?? Digest!.Value;
}
