using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>
/// The list of what refers to a manifest: an image index (OCI distribution-spec, "Referrers Tag Schema"). Descriptors and members that are
/// not understood stay as they are.
/// </summary>
internal sealed class ReferrersIndex
{
    public const string MediaType = "application/vnd.oci.image.index.v1+json";

    /// <summary>Descriptors of one list; a longer one is not read, and none is made longer.</summary>
    public const int MaxReferrers = 10_000;

    /// <summary>Members of a list beside its manifests that are kept: a list with more is none of ours.</summary>
    public const int MaxMembers = 32;

    private readonly IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> _others;

    private ReferrersIndex(IReadOnlyList<Referrer> referrers, IReadOnlyList<(string Name, ReadOnlyMemory<byte> Value)> others) =>
        (Referrers, _others) = (referrers, others);

    public static ReferrersIndex Empty { get; } = new([], []);

    public IReadOnlyList<Referrer> Referrers { get; }

    /// <summary>Reads one; <c>null</c> when it is none, or longer than <see cref="MaxReferrers"/>. It keeps the bytes.</summary>
    public static ReferrersIndex? TryParse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return Utf8.IsValid(json.Span) ? Parse(EncodedBody.WithoutMark(json)) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Whether it lists a manifest.</summary>
    public bool Lists(Digest digest) => Referrers.Any(referrer => referrer.Digest == digest.Value);

    /// <summary>With one more at its end.</summary>
    public ReferrersIndex With(Referrer referrer) => new([.. Referrers, referrer], _others);

    /// <summary>Without some.</summary>
    public ReferrersIndex Without(Func<Referrer, bool> goes) => new([.. Referrers.Where(referrer => !goes(referrer))], _others);

    public byte[] ToBytes()
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, JsonSlices.Plain))
        {
            json.WriteStartObject();
            json.WriteNumber("schemaVersion", 2);
            json.WriteString("mediaType", MediaType);
            json.WriteStartArray("manifests");
            foreach (var referrer in Referrers)
            {
                json.WriteRawValue(referrer.Descriptor.Span, skipInputValidation: true);
            }

            json.WriteEndArray();
            foreach (var (name, value) in _others)
            {
                json.WritePropertyName(name);
                json.WriteRawValue(value.Span, skipInputValidation: true);
            }

            json.WriteEndObject();
        }

        return bytes.WrittenSpan.ToArray();
    }

    private static ReferrersIndex? Parse(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        List<(string Name, ReadOnlyMemory<byte> Value)> others = [];
        List<Referrer>? referrers = null;
        while (JsonSlices.NextMember(ref reader) is { } name)
        {
            switch (name)
            {
                case "manifests":
                    if (referrers is not null || (referrers = Descriptors(ref reader, json)) is null)
                    {
                        return null;
                    }

                    break;
                case "mediaType" when JsonSlices.Text(ref reader) != MediaType:
                    return null;
                case "mediaType":
                    break;
                case "schemaVersion":
                    reader.Skip();
                    break;
                default:
                    if (others.Count == MaxMembers)
                    {
                        return null;
                    }

                    others.Add((name, JsonSlices.Take(ref reader, json)));
                    break;
            }
        }

        // Nothing comes behind it, or the reader throws.
        return reader.Read() || referrers is null ? null : new ReferrersIndex(referrers, others);
    }

    /// <summary>
    /// The descriptors, each manifest once; <c>null</c> for something else. Lists of some clients are <c>null</c> when they are empty.
    /// </summary>
    private static List<Referrer>? Descriptors(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return [];
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            return null;
        }

        List<Referrer> referrers = [];
        HashSet<string> known = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject || referrers.Count == MaxReferrers)
            {
                return null;
            }

            var referrer = Descriptor(ref reader, json);
            if (referrer.Digest is null || known.Add(referrer.Digest))
            {
                referrers.Add(referrer);
            }
        }

        return referrers;
    }

    private static Referrer Descriptor(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json)
    {
        var start = (int)reader.TokenStartIndex;
        var (digest, type) = ((string?)null, (string?)null);
        while (JsonSlices.NextMember(ref reader) is { } name)
        {
            switch (name)
            {
                case "digest":
                    digest = JsonSlices.Text(ref reader);
                    break;
                case "artifactType":
                    type = JsonSlices.Text(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new Referrer(json[start..(int)reader.BytesConsumed], digest, type);
    }
}
