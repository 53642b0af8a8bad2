using System.Buffers.Text;
using System.Text;

namespace RegistryProxy.Configuration;

/// <summary>A key that encrypts state at rest.</summary>
/// <param name="Id">Written beside what it encrypted.</param>
/// <param name="Key">32 bytes: raw, in base64, or as 64 hexadecimal digits.</param>
public sealed record EncryptionKeyConfiguration(string Id, SecretSource Key)
{
    /// <summary>The length of a key, in bytes (AES-256).</summary>
    public const int Length = 32;

    private const string Allowed = "must be 32 bytes: raw, in base64 (openssl rand -base64 32) or as 64 hexadecimal digits";

    /// <summary>Reads the key now.</summary>
    /// <exception cref="SecretUnavailableException">It is missing, or not a key; the message never holds any of it.</exception>
    public byte[] Read()
    {
        var bytes = WithoutLineBreak(Key.ReadBytes());
        var text = Encoding.Latin1.GetString(bytes);
        if (text.Length == 2 * Length && text.All(char.IsAsciiHexDigit))
        {
            return Convert.FromHexString(text);
        }

        if (FromBase64(text) is { Length: Length } decoded)
        {
            return decoded;
        }

        if (text.Length == Length && text.All(char.IsAsciiHexDigit))
        {
            throw new SecretUnavailableException("the key", $"'{Id}'", $"has 32 hexadecimal digits, which is half of a key; it {Allowed}");
        }

        return bytes.Length == Length ? bytes
            : throw new SecretUnavailableException("the key", $"'{Id}'", $"has {bytes.Length} bytes; it {Allowed}");
    }

    private static byte[] WithoutLineBreak(byte[] bytes) => bytes switch
    {
        { Length: Length } => bytes,
        [.. var rest, (byte)'\r', (byte)'\n'] => rest,
        [.. var rest, (byte)'\n'] => rest,
        _ => bytes,
    };

    private static byte[]? FromBase64(string text)
    {
        var decoded = new byte[text.Length];
        return Convert.TryFromBase64String(text, decoded, out var written) ? decoded[..written]
            : Base64Url.IsValid(text) ? Base64Url.DecodeFromChars(text)
            : null;
    }
}
