using System.Security.Cryptography;
using System.Text;

namespace RegistryProxy.Files;

/// <summary>Names a list of texts by 16 hexadecimal digits, however many they are.</summary>
public static class ShortHash
{
    /// <summary>The first 64 bits of a SHA-256; texts that are put together otherwise have another one.</summary>
    public static string Of(params IEnumerable<string> texts)
    {
        byte[] all = [.. texts.SelectMany(text => SHA256.HashData(Encoding.UTF8.GetBytes(text)))];
        return Convert.ToHexStringLower(SHA256.HashData(all).AsSpan(0, 8));
    }
}
