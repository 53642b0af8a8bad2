using System.Text.Json;
using Microsoft.Extensions.Primitives;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>
/// Whether a media type is that of a manifest. No digest covers it, and what is kept by digest is kept for everybody: so it must be one of
/// the known ones and agree with what the manifest says of itself (OCI image-spec, "mediaType"; CVE-2021-41190).
/// </summary>
internal static class ManifestMediaType
{
    /// <summary>For bytes whose type cannot be told.</summary>
    public const string Unknown = "application/octet-stream";

    private const string OciIndex = "application/vnd.oci.image.index.v1+json";
    private const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    private const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    private const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
    private const string DockerSigned = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    /// <summary>The longest type that a manifest may say, in bytes with its escapes (RFC 6838 §4.2: two names of 127).</summary>
    private const int MaxSaid = 2048;

    private static readonly (string Text, ManifestTypes Type)[] Known =
    [
        (OciManifest, ManifestTypes.OciManifest), (OciIndex, ManifestTypes.OciIndex), (DockerManifest, ManifestTypes.DockerManifest),
        (DockerList, ManifestTypes.DockerList), (DockerSigned, ManifestTypes.DockerSigned),
    ];

    /// <summary>The type of an element of <c>Accept</c> or of a manifest; <see cref="ManifestTypes.None"/> for any other.</summary>
    public static ManifestTypes Parse(ReadOnlySpan<char> text)
    {
        foreach (var (known, type) in Known)
        {
            if (text.Equals(known, StringComparison.OrdinalIgnoreCase))
            {
                return type;
            }
        }

        return text is "*/*" or "application/*" ? ManifestTypes.Any : ManifestTypes.None;
    }

    /// <summary>The <c>Accept</c> that asks for types, always in the same order.</summary>
    public static IEnumerable<string> TextsOf(ManifestTypes types) =>
        Known.Where(known => types.HasFlag(known.Type)).Select(known => known.Text).Concat(types.HasFlag(ManifestTypes.Any) ? ["*/*"] : []);

    /// <summary>Whether these bytes are a manifest of this type, which clients pull.</summary>
    public static bool IsOf(ReadOnlySpan<byte> bytes, string mediaType) =>
        Array.Exists(Known, known => known.Text == mediaType) && Declares(bytes, mediaType);

    /// <summary>Whether these bytes are a manifest that has the name of another known type.</summary>
    public static bool IsMislabelled(ReadOnlySpan<byte> bytes, string mediaType) =>
        Array.Exists(Known, known => known.Text == mediaType) && SaidType.Of(bytes) is { } said && said.TypeOf(bytes) != mediaType;

    /// <summary>
    /// Whether these bytes say themselves of which type they are, known or not: with them it may be kept, since nobody can give them
    /// another.
    /// </summary>
    public static bool Declares(ReadOnlySpan<byte> bytes, string mediaType) =>
        SaidType.Of(bytes) is { } said && said.TypeOf(bytes) == mediaType;

    /// <summary>
    /// What a manifest says of its type, read forward: nothing is built of what an upstream may have filled with millions of values.
    /// </summary>
    /// <param name="IsSaid">Whether it has the member that says it.</param>
    /// <param name="Text">The text of that; <c>null</c> when it is none.</param>
    /// <param name="IsFirst">Whether it is of schema 1.</param>
    /// <param name="HasManifests">Whether it lists manifests.</param>
    private readonly record struct SaidType(bool IsSaid, string? Text, bool IsFirst, bool HasManifests)
    {
        /// <summary>Of an object of JSON; <c>null</c> of everything else. Of two members of one name the last one counts.</summary>
        public static SaidType? Of(ReadOnlySpan<byte> bytes)
        {
            try
            {
                var reader = new Utf8JsonReader(bytes);
                return reader.Read() && reader.TokenType == JsonTokenType.StartObject ? Read(ref reader) : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }

        /// <summary>
        /// The type, of one that does not say it by its members. Nothing of another type has the text that was signed in one of schema 1.
        /// </summary>
        public string? TypeOf(ReadOnlySpan<byte> bytes) => IsSaid ? Text
            : IsFirst ? SignedManifest.TextOf(bytes) is null ? null : DockerSigned
            : HasManifests ? OciIndex : OciManifest;

        private static SaidType Read(ref Utf8JsonReader reader)
        {
            var said = default(SaidType);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isType, isVersion) = (Is(reader, "mediaType"u8), Is(reader, "schemaVersion"u8));
                var isList = Is(reader, "manifests"u8);
                reader.Read();
                said = isType ? said with { IsSaid = true, Text = TextAt(reader) }
                    : isVersion ? said with { IsFirst = IsOne(reader) }
                    : said with { HasManifests = said.HasManifests || isList };
                reader.Skip();
            }

            reader.Read();
            return said;
        }

        /// <summary>Whether a name is this one; half a surrogate pair is no name.</summary>
        private static bool Is(in Utf8JsonReader reader, ReadOnlySpan<byte> name)
        {
            try
            {
                return reader.ValueTextEquals(name);
            }
            catch (InvalidOperationException)
            {
                return false;
            }
        }

        private static bool IsOne(in Utf8JsonReader reader) =>
            reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number) && number == 1;

        private static string? TextAt(in Utf8JsonReader reader)
        {
            try
            {
                return reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length <= MaxSaid ? reader.GetString() : null;
            }
            catch (InvalidOperationException)
            {
                return null;
            }
        }
    }
}

/// <summary>The media types of manifests that are known here, and how else a client may ask for them.</summary>
[Flags]
internal enum ManifestTypes
{
    None = 0,
    OciManifest = 1,
    OciIndex = 2,
    DockerManifest = 4,
    DockerList = 8,

    /// <summary>A wildcard.</summary>
    Any = 16,

    /// <summary>No <c>Accept</c> at all: everything is taken (RFC 9110 §12.5.1), but registries tell it from a wildcard.</summary>
    Unsaid = 32,

    DockerSigned = 64,
}

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
