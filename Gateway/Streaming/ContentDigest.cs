using System.Security.Cryptography;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>Digests of content that is here as a whole.</summary>
internal static class ContentDigest
{
    public static Digest Of(ReadOnlySpan<byte> bytes) => Digest.Parse($"sha256:{HexOf("sha256", bytes, [])}");

    public static bool Is(Digest digest, ReadOnlySpan<byte> bytes) => HexOf(digest.Algorithm, bytes, []) == digest.Hex;

    /// <summary>The digest that a server claims, if it is right; else the one that the content has.</summary>
    public static Digest Of(Digest? claimed, ReadOnlySpan<byte> bytes) => claimed is not null && Is(claimed, bytes) ? claimed : Of(bytes);

    /// <summary>The same of a manifest, which has another one when it is signed within itself.</summary>
    public static Digest OfManifest(Digest? claimed, string mediaType, ReadOnlySpan<byte> bytes)
    {
        if (TextOf(mediaType, bytes) is not { } text)
        {
            return Of(claimed, bytes);
        }

        var signed = bytes[..text.Length];
        return claimed is not null && HexOf(claimed.Algorithm, signed, text.Tail) == claimed.Hex ? claimed
            : Digest.Parse($"sha256:{HexOf("sha256", signed, text.Tail)}");
    }

    /// <summary>Whether a manifest is what its digest says.</summary>
    public static bool IsManifest(Digest digest, string mediaType, ReadOnlySpan<byte> bytes) =>
        Is(digest, bytes) || (TextOf(mediaType, bytes) is { } text
            && HexOf(digest.Algorithm, bytes[..text.Length], text.Tail) == digest.Hex);

    private static SignedText? TextOf(string mediaType, ReadOnlySpan<byte> bytes) =>
        MediaType.IsSchema1(mediaType) ? SignedManifest.TextOf(bytes) : null;

    private static string HexOf(string algorithm, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> tail)
    {
        if (tail.IsEmpty)
        {
            return Convert.ToHexStringLower(algorithm == "sha512" ? SHA512.HashData(bytes) : SHA256.HashData(bytes));
        }

        using var hash = IncrementalHash.CreateHash(algorithm == "sha512" ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256);
        hash.AppendData(bytes);
        hash.AppendData(tail);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
