using System.Text.Json;
using RegistryProxy.Gateway.Upstreams;
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
    public static bool IsOf(byte[] bytes, string mediaType) =>
        Array.Exists(Known, known => known.Text == mediaType) && Declares(bytes, mediaType);

    /// <summary>Whether these bytes are a manifest that has the name of another known type.</summary>
    public static bool IsMislabelled(byte[] bytes, string mediaType)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return Array.Exists(Known, known => known.Text == mediaType) && document.RootElement.ValueKind == JsonValueKind.Object
                && !Declares(bytes, mediaType);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>
    /// Whether these bytes say themselves of which type they are, known or not: with them it may be kept, since nobody can give them
    /// another.
    /// </summary>
    public static bool Declares(byte[] bytes, string mediaType)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object && (UpstreamJson.MemberOf(root, "mediaType") is { } declared
                ? UpstreamJson.TextOf(declared) == mediaType
                : mediaType == UnsaidTypeOf(root, bytes));
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>
    /// The type of a manifest that does not say it. Nothing of another type has the text that was signed in one of schema 1.
    /// </summary>
    private static string? UnsaidTypeOf(JsonElement root, byte[] bytes) =>
        UpstreamJson.MemberOf(root, "schemaVersion") is { ValueKind: JsonValueKind.Number } version
            && version.TryGetInt32(out var number) && number == 1
            ? SignedManifest.TextOf(bytes) is null ? null : DockerSigned
            : UpstreamJson.MemberOf(root, "manifests") is null ? OciManifest : OciIndex;
}
