using Microsoft.Extensions.Primitives;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>
/// The media types that a client takes. What is kept is kept by those of them that are known, whatever else a client names and in whatever
/// order: a set of few bits, so that nobody can make entries by inventing types.
/// </summary>
/// <param name="Known">The known ones among them.</param>
/// <param name="NamesOthers">Whether there are others.</param>
internal readonly record struct AcceptedTypes(ManifestTypes Known, bool NamesOthers)
{
    public static AcceptedTypes Of(StringValues accept)
    {
        var (known, others) = (ManifestTypes.None, false);
        foreach (var value in accept)
        {
            foreach (var range in value.AsSpan().Split(','))
            {
                var element = value.AsSpan()[range];
                var type = TypeOf(element);
                if (type.IsEmpty || IsRefused(element))
                {
                    continue;
                }

                var found = ManifestMediaType.Parse(type);
                known |= found;
                others |= found == ManifestTypes.None;
            }
        }

        return new AcceptedTypes(accept.Count == 0 ? ManifestTypes.Unsaid : known, others);
    }

    /// <summary>Whether an image is taken in one of its forms at least, of one platform and of many: what those who pull ask for.</summary>
    public bool AreUsual => (Known & (ManifestTypes.Any | ManifestTypes.Unsaid)) != ManifestTypes.None
        || ((Known & (ManifestTypes.OciManifest | ManifestTypes.DockerManifest)) != ManifestTypes.None
            && (Known & (ManifestTypes.OciIndex | ManifestTypes.DockerList)) != ManifestTypes.None);

    /// <summary>Whether a known type is among them.</summary>
    public bool Takes(string mediaType) =>
        (Known & (ManifestTypes.Any | ManifestTypes.Unsaid | ManifestMediaType.Parse(mediaType))) != ManifestTypes.None;

    /// <summary>
    /// What an upstream is asked with: the known types without the client's preferences among them, since the answer is for others too, and
    /// the other types as the client wrote them.
    /// </summary>
    public string ToUpstream(StringValues accept)
    {
        var texts = ManifestMediaType.TextsOf(Known);
        return string.Join(", ", NamesOthers ? texts.Concat(OthersOf(accept)) : texts);
    }

    private static IEnumerable<string> OthersOf(StringValues accept) => accept
        .SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        .Where(element => !IsRefused(element) && ManifestMediaType.Parse(TypeOf(element)) == ManifestTypes.None)
        .Distinct().Order(StringComparer.Ordinal);

    /// <summary>The type of an element, without its parameters.</summary>
    private static ReadOnlySpan<char> TypeOf(ReadOnlySpan<char> element) =>
        (element.IndexOf(';') is var end and >= 0 ? element[..end] : element).Trim(" \t");

    /// <summary>Whether an element says that the type is not taken: <c>q=0</c> (RFC 9110 §12.4.2).</summary>
    private static bool IsRefused(ReadOnlySpan<char> element)
    {
        foreach (var range in element.Split(';'))
        {
            var parameter = element[range].Trim(" \t");
            if (parameter.StartsWith("q=0", StringComparison.OrdinalIgnoreCase) && parameter[3..].IndexOfAnyExcept(".0") < 0)
            {
                return true;
            }
        }

        return false;
    }
}
