using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>A manifest whose bytes are what its digest says, and its media type. Immutable.</summary>
internal sealed record ManifestContent(Digest Digest, string MediaType, byte[] Bytes)
{
    public string ETag { get; } = $"\"{Digest}\"";

    /// <summary>The manifest, if the bytes are what the digest says.</summary>
    public static ManifestContent? Of(Digest digest, string mediaType, byte[] bytes) =>
        HexOf(digest.Algorithm, bytes) == digest.Hex ? new ManifestContent(digest, mediaType, bytes) : null;

    /// <summary>The digest of bytes.</summary>
    public static Digest DigestOf(byte[] bytes) => Digest.Parse($"sha256:{HexOf("sha256", bytes)}");

    /// <summary>As a file: the media type on a line of its own, and the bytes.</summary>
    public byte[] ToFile() => [.. Encoding.UTF8.GetBytes(MediaType), (byte)'\n', .. Bytes];

    /// <summary>Reads <see cref="ToFile"/>; <c>null</c> when it is not the manifest of this digest.</summary>
    public static ManifestContent? FromFile(Digest digest, byte[] file)
    {
        var line = Array.IndexOf(file, (byte)'\n');
        return line < 0 ? null : Of(digest, Encoding.UTF8.GetString(file, 0, line), file[(line + 1)..]);
    }

    private static string HexOf(string algorithm, byte[] bytes) =>
        Convert.ToHexStringLower(algorithm == "sha512" ? SHA512.HashData(bytes) : SHA256.HashData(bytes));
}
