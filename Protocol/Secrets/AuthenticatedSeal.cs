using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace RegistryProxy.Protocol;

/// <summary>
/// Seals bytes into a text that clients carry: AES-256-GCM under the first of some keys, as base64url of nonce, ciphertext and tag. It opens
/// under any of them, and only with the associated data that it was sealed with.
/// </summary>
/// <param name="keys">32 bytes each.</param>
public sealed class AuthenticatedSeal(IReadOnlyList<byte[]> keys)
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    /// <summary>Seals bytes.</summary>
    /// <param name="plain">The bytes.</param>
    /// <param name="associated">What the text is bound to.</param>
    public string Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> associated)
    {
        var bytes = new byte[NonceLength + plain.Length + TagLength];
        var nonce = bytes.AsSpan(0, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(keys[0], TagLength);
        cipher.Encrypt(nonce, plain, bytes.AsSpan(NonceLength, plain.Length), bytes.AsSpan(NonceLength + plain.Length), associated);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Opens a text; <c>false</c> when it was not sealed under one of the keys, or is bound to something else.</summary>
    public bool TryOpen(string text, ReadOnlySpan<byte> associated, [NotNullWhen(true)] out byte[]? plain)
    {
        plain = null;
        if (!Base64Url.IsValid(text, out var length) || length <= NonceLength + TagLength)
        {
            return false;
        }

        var bytes = Base64Url.DecodeFromChars(text);
        var opened = new byte[bytes.Length - NonceLength - TagLength];
        foreach (var key in keys)
        {
            try
            {
                using var cipher = new AesGcm(key, TagLength);
                cipher.Decrypt(bytes.AsSpan(0, NonceLength), bytes.AsSpan(NonceLength, opened.Length), bytes.AsSpan(NonceLength + opened.Length), opened, associated);
                plain = opened;
                return true;
            }
            catch (AuthenticationTagMismatchException)
            {
                // Sealed under another key, or bound to something else: the next key decides.
            }
        }

        return false;
    }
}
