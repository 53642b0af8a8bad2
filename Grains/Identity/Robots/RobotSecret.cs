using System.Security.Cryptography;
using System.Text;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Robots;

/// <summary>
/// The text that a robot proves itself with: a prefix that scanners of secrets look for, 256 random bits and a checksum, so that they, and
/// whoever mistypes one, know without asking. What is kept is a hash under a random key of its own. It is a fast one: what makes passwords
/// need a slow one is that people choose few of them, and of these there are 2^256.
/// </summary>
internal static class RobotSecret
{
    /// <summary>What every secret begins with.</summary>
    public const string Prefix = "rpbot_";

    /// <summary>The random bytes.</summary>
    private const int Size = 32;

    /// <summary>The characters of the checksum: the first of the SHA-256 of what stands before it, in hexadecimal digits.</summary>
    private const int Check = 8;

    /// <summary>The characters of all of it.</summary>
    public static readonly int Length = Prefix.Length + (2 * Size) + Check;

    public static Secret New()
    {
        var body = Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Size));
        return new Secret(body + ChecksumOf(body));
    }

    /// <summary>Whether a text is one that may have been made here.</summary>
    public static bool IsWellFormed(Secret secret)
    {
        var text = secret.Reveal();
        return text.Length == Length && text.StartsWith(Prefix, StringComparison.Ordinal) && text[^Check..] == ChecksumOf(text[..^Check]);
    }

    /// <summary>A key for the hash of a new secret.</summary>
    public static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(Size));

    /// <summary>What is kept of a secret.</summary>
    public static string Hash(Secret secret, string key) => Convert.ToBase64String(Mac(secret, key));

    /// <summary>Whether a secret is the one that a hash was kept of.</summary>
    public static bool IsOf(Secret secret, string key, string hash) =>
        CryptographicOperations.FixedTimeEquals(Mac(secret, key), Convert.FromBase64String(hash));

    private static byte[] Mac(Secret secret, string key) =>
        HMACSHA256.HashData(Convert.FromBase64String(key), Encoding.UTF8.GetBytes(secret.Reveal()));

    private static string ChecksumOf(string body) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(body)))[..Check];
}
