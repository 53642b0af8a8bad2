using System.Security.Cryptography;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Streaming;

/// <summary>Digests of content that is here as a whole.</summary>
internal static class ContentDigest
{
    public static Digest Of(ReadOnlySpan<byte> bytes) => Digest.Parse($"sha256:{HexOf("sha256", bytes)}");

    public static bool Is(Digest digest, ReadOnlySpan<byte> bytes) => HexOf(digest.Algorithm, bytes) == digest.Hex;

    /// <summary>The digest that a server claims, if it is right; else the one that the content has.</summary>
    public static Digest Of(Digest? claimed, ReadOnlySpan<byte> bytes) => claimed is not null && Is(claimed, bytes) ? claimed : Of(bytes);

    private static string HexOf(string algorithm, ReadOnlySpan<byte> bytes) =>
        Convert.ToHexStringLower(algorithm == "sha512" ? SHA512.HashData(bytes) : SHA256.HashData(bytes));
}
