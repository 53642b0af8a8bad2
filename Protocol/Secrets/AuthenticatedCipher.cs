using System.Security.Cryptography;

namespace RegistryProxy.Protocol;

/// <summary>
/// AES-256-GCM with a random nonce (12 bytes) before the ciphertext, and the tag (16) behind it or, for <see cref="TagFirst"/>, between
/// them.
/// </summary>
public sealed class AuthenticatedCipher
{
    /// <summary>What sealed bytes have beyond the plain ones.</summary>
    public const int Overhead = NonceLength + TagLength;

    /// <summary>Nonce, ciphertext, tag.</summary>
    public static readonly AuthenticatedCipher TagLast = new(tagIsFirst: false);

    /// <summary>Nonce, tag, ciphertext.</summary>
    public static readonly AuthenticatedCipher TagFirst = new(tagIsFirst: true);

    private const int NonceLength = 12;
    private const int TagLength = 16;

    private readonly bool _tagIsFirst;

    private AuthenticatedCipher(bool tagIsFirst) => _tagIsFirst = tagIsFirst;

    /// <summary>Seals bytes.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="plain">The bytes.</param>
    /// <param name="associated">What the sealed bytes are bound to.</param>
    /// <param name="into">Where they go; <see cref="Overhead"/> longer than the plain ones.</param>
    public void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> associated, Span<byte> into)
    {
        var (tag, text) = Parts(into.Length);
        var nonce = into[..NonceLength];
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagLength);
        aes.Encrypt(nonce, plain, into[text], into[tag], associated);
    }

    /// <summary>Opens bytes; <c>null</c> when they were not sealed under this key, were changed, or are bound to something else.</summary>
    public byte[]? Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> from, ReadOnlySpan<byte> associated)
    {
        if (from.Length < Overhead)
        {
            return null;
        }

        var (tag, text) = Parts(from.Length);
        var plain = new byte[from.Length - Overhead];
        try
        {
            using var aes = new AesGcm(key, TagLength);
            aes.Decrypt(from[..NonceLength], from[text], from[tag], plain, associated);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private (Range Tag, Range Text) Parts(int length) =>
        _tagIsFirst ? (NonceLength..Overhead, Overhead..length) : ((length - TagLength)..length, NonceLength..(length - TagLength));
}
