using System.Buffers;
using System.Text.Json;

namespace RegistryProxy.Protocol;

/// <summary>
/// The media type of a manifest whose <c>Content-Type</c> is missing or says nothing: object storage and generic web servers call manifests
/// bytes, text or JSON, and clients refuse those. Then the manifest itself says it (OCI image-spec, "mediaType").
/// </summary>
public static class ManifestLabel
{
    private const string OciIndex = "application/vnd.oci.image.index.v1+json";
    private const string OciManifest = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>The longest type that a manifest may say, in characters (RFC 6838 §4.2: two names of 127).</summary>
    private const int MaxType = 255;

    private static readonly SearchValues<char> Letters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+/");

    /// <summary>Whether a <c>Content-Type</c> says nothing of a manifest: none, one that is no media type, or one of any content.</summary>
    public static bool IsVague(string contentType) =>
        MediaType.EssenceOf(contentType) is var essence && (!IsType(essence)
            || essence is "application/json" or "application/octet-stream" or "binary/octet-stream" or "application/x-unknown"
            || essence.StartsWith("text/", StringComparison.Ordinal));

    /// <summary>The type of a manifest without parameters: what its label says, or where that says nothing, what it says itself.</summary>
    /// <param name="contentType">The <c>Content-Type</c>; empty for none.</param>
    /// <param name="manifest">The manifest.</param>
    public static string Of(string contentType, ReadOnlySpan<byte> manifest)
    {
        var label = MediaType.EssenceOf(contentType);
        if (!IsVague(contentType))
        {
            return label;
        }

        try
        {
            return TypeOf(manifest) ?? label;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // The second is a text that is none: a lone surrogate, or bytes that are no UTF-8.
            return label;
        }
    }

    /// <summary>
    /// What a manifest says of its type, by its own member or its shape; <c>null</c> when that is nothing, or not one thing.
    /// </summary>
    private static string? TypeOf(ReadOnlySpan<byte> manifest)
    {
        var reader = new Utf8JsonReader(manifest);
        var (said, isIndex, isImage, isOther) = ((string?)null, false, false, false);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("mediaType"u8);
            isIndex |= reader.ValueTextEquals("manifests"u8);
            isImage |= reader.ValueTextEquals("layers"u8);
            isOther |= reader.ValueTextEquals("fsLayers"u8);
            reader.Read();
            if (isType)
            {
                isOther |= said is not null || reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length > MaxType;
                said = isOther ? null : reader.GetString();
            }

            reader.Skip();
        }

        return reader.Read() || isOther || (isIndex && isImage) ? null
            : said is not null ? IsVague(said) || MediaType.EssenceOf(said) != said ? null : said
            : isIndex ? OciIndex : isImage ? OciManifest : null;
    }

    /// <summary>Whether a text is a type and a subtype of the letters that those have (RFC 6838 §4.2).</summary>
    private static bool IsType(string essence) =>
        essence.IndexOf('/') is > 0 and var slash && slash < essence.Length - 1 && slash == essence.LastIndexOf('/')
        && essence.AsSpan().IndexOfAnyExcept(Letters) < 0;
}
