using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace RegistryProxy.Protocol;

/// <summary>
/// Seals bytes into a text that clients carry: AES-256-GCM under the first of some keys, as base64url of nonce, ciphertext and tag. It
/// opens under any of them, and only with the associated data that it was sealed with.
/// </summary>
/// <param name="keys">32 bytes each.</param>
public sealed class AuthenticatedSeal(IReadOnlyList<byte[]> keys)
{
    /// <summary>Seals bytes.</summary>
    /// <param name="plain">The bytes.</param>
    /// <param name="associated">What the text is bound to.</param>
    public string Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> associated)
    {
        var bytes = new byte[plain.Length + AuthenticatedCipher.Overhead];
        AuthenticatedCipher.TagLast.Seal(keys[0], plain, associated, bytes);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Opens a text; <c>false</c> when it was not sealed under one of the keys, or is bound to something else.</summary>
    public bool TryOpen(string text, ReadOnlySpan<byte> associated, [NotNullWhen(true)] out byte[]? plain)
    {
        plain = null;
        if (!Base64Url.IsValid(text, out var length) || length <= AuthenticatedCipher.Overhead)
        {
            return false;
        }

        var bytes = Base64Url.DecodeFromChars(text);
        for (var i = 0; plain is null && i < keys.Count; i++)
        {
            plain = AuthenticatedCipher.TagLast.Open(keys[i], bytes, associated);
        }

        return plain is not null;
    }
}
