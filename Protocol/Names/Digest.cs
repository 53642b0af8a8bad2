using System.Security.Cryptography;

namespace RegistryProxy.Protocol;

/// <summary>
/// A content digest, <c>algorithm:hex</c>. Only the registered algorithms <c>sha256</c> and <c>sha512</c> with lower-case hex
/// of their exact length are accepted (OCI image-spec, descriptor.md#digests).
/// </summary>
public sealed record Digest
{
    private const string Sha256Prefix = "sha256:";
    private const string Sha512Prefix = "sha512:";

    private static readonly string[] OfNothing =
        [Convert.ToHexStringLower(SHA256.HashData([])), Convert.ToHexStringLower(SHA512.HashData([]))];

    private Digest(string value) => Value = value;

    /// <summary>The digest as it appears on the wire.</summary>
    public string Value { get; }

    /// <summary><c>sha256</c> or <c>sha512</c>.</summary>
    public string Algorithm => Value[..6];

    /// <summary>The lower-case hexadecimal part.</summary>
    public string Hex => Value[7..];

    /// <summary>Whether it is the digest of content of 0 bytes.</summary>
    public bool IsOfNothing => OfNothing.Contains(Hex);

    /// <summary>Parses a digest; <c>false</c> when it is not one of the accepted forms.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Digest digest)
    {
        digest = null!;
        var length = text.StartsWith(Sha256Prefix) ? 64 : text.StartsWith(Sha512Prefix) ? 128 : -1;
        if (length < 0 || text.Length != length + 7 || text[7..].ContainsAnyExcept(Alphabets.LowerHex))
        {
            return false;
        }

        digest = new Digest(text.ToString());
        return true;
    }

    /// <summary>Parses a digest.</summary>
    /// <exception cref="FormatException">The text is not a digest.</exception>
    public static Digest Parse(string text) =>
        TryParse(text, out var digest) ? digest : throw new FormatException($"'{text}' is not a sha256 or sha512 digest");

    public override string ToString() => Value;
}
