using System.Text;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>A manifest whose bytes are what its digest says, and its media type. Immutable.</summary>
internal sealed record ManifestContent(Digest Digest, string MediaType, byte[] Bytes)
{
    public string ETag { get; } = $"\"{Digest}\"";

    /// <summary>
    /// Whether the digest is that of all bytes; a manifest that is signed within itself has signatures beside what it covers.
    /// </summary>
    public bool IsCovered { get; private init; }

    /// <summary>The same for those alone who believe the upstream that sent it: its type is that upstream's word.</summary>
    public ManifestContent OfItsSupplier() => this with { IsCovered = false };

    /// <summary>The manifest, if the bytes are what the digest says.</summary>
    public static ManifestContent? Of(Digest digest, string mediaType, byte[] bytes) =>
        ContentDigest.Is(digest, bytes) ? new ManifestContent(digest, mediaType, bytes) { IsCovered = true }
        : ContentDigest.IsManifest(digest, mediaType, bytes) ? new ManifestContent(digest, mediaType, bytes)
        : null;

    /// <summary>As a file: the media type on a line of its own, and the bytes.</summary>
    public byte[] ToFile() => [.. Encoding.UTF8.GetBytes(MediaType), (byte)'\n', .. Bytes];

    /// <summary>Reads <see cref="ToFile"/>; <c>null</c> when it is not the manifest of this digest.</summary>
    public static ManifestContent? FromFile(Digest digest, byte[] file)
    {
        var line = Array.IndexOf(file, (byte)'\n');
        return line < 0 ? null : Of(digest, Encoding.UTF8.GetString(file, 0, line), file[(line + 1)..]);
    }
}
