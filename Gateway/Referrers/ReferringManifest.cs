using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Referrers;

/// <summary>What a manifest says that refers to another one (OCI image-spec, "subject").</summary>
/// <param name="Subject">The manifest that it refers to.</param>
/// <param name="ArtifactType">What it is for; <c>null</c> when it does not say.</param>
/// <param name="Annotations">As they stand there; empty for none.</param>
internal sealed record ReferringManifest(Digest Subject, string? ArtifactType, ReadOnlyMemory<byte> Annotations)
{
    private const string Image = "application/vnd.oci.image.manifest.v1+json";
    private const string Artifact = "application/vnd.oci.artifact.manifest.v1+json";

    /// <summary>Reads one; <c>null</c> when it refers to nothing, or is no manifest that can.</summary>
    public static ReferringManifest? TryParse(string mediaType, ReadOnlyMemory<byte> json)
    {
        try
        {
            return mediaType is Image or Artifact or ReferrersIndex.MediaType && Utf8.IsValid(json.Span) ? Parse(mediaType, json) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>How a list of referrers names it.</summary>
    public Referrer Describe(string mediaType, Digest digest, long size)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes, JsonSlices.Plain))
        {
            json.WriteStartObject();
            json.WriteString("mediaType", mediaType);
            json.WriteString("digest", digest.Value);
            json.WriteNumber("size", size);
            if (ArtifactType is not null)
            {
                json.WriteString("artifactType", ArtifactType);
            }

            if (!Annotations.IsEmpty)
            {
                json.WritePropertyName("annotations");
                json.WriteRawValue(Annotations.Span, skipInputValidation: true);
            }

            json.WriteEndObject();
        }

        return new Referrer(bytes.WrittenMemory, digest.Value, ArtifactType);
    }

    private static ReferringManifest? Parse(string mediaType, ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        var (subject, type, config) = ((string?)null, (string?)null, (string?)null);
        ReadOnlyMemory<byte> annotations = default;
        while (JsonSlices.NextMember(ref reader) is { } name)
        {
            switch (name)
            {
                case "subject":
                    subject = TextIn(ref reader, "digest");
                    break;
                case "artifactType":
                    type = JsonSlices.Text(ref reader);
                    break;
                case "config":
                    config = TextIn(ref reader, "mediaType");
                    break;
                case "annotations" when reader.TokenType == JsonTokenType.StartObject:
                    annotations = JsonSlices.Take(ref reader, json);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        type = type is { Length: > 0 } ? type : mediaType == Image ? config : null;
        return !reader.Read() && Digest.TryParse(subject, out var digest) ? new ReferringManifest(digest, type, annotations) : null;
    }

    /// <summary>A text in an object; <c>null</c> when it is not there.</summary>
    private static string? TextIn(ref Utf8JsonReader reader, string wanted)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        string? text = null;
        while (JsonSlices.NextMember(ref reader) is { } name)
        {
            if (name == wanted)
            {
                text = JsonSlices.Text(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return text;
    }
}
