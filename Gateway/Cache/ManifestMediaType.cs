using System.Text.Json;

namespace RegistryProxy.Gateway.Cache;

/// <summary>
/// Whether a media type is that of a manifest. No digest covers it, and what is kept by digest is kept for everybody: so it must be one of the
/// known ones and agree with what the manifest says of itself (OCI image-spec, "mediaType"; CVE-2021-41190).
/// </summary>
internal static class ManifestMediaType
{
    private const string OciIndex = "application/vnd.oci.image.index.v1+json";
    private const string OciManifest = "application/vnd.oci.image.manifest.v1+json";

    private static readonly string[] Known =
    [
        OciManifest, OciIndex, "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    ];

    /// <summary>Whether the type may be kept with these bytes.</summary>
    public static bool IsOf(byte[] bytes, string mediaType)
    {
        if (!Known.Contains(mediaType))
        {
            return false;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes);
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object && (root.TryGetProperty("mediaType", out var declared)
                ? declared.ValueKind == JsonValueKind.String && declared.GetString() == mediaType
                : mediaType == (root.TryGetProperty("manifests", out _) ? OciIndex : OciManifest));
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
