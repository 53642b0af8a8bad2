using System.Text;

namespace RegistryProxy.Protocol;

/// <summary>
/// A user name and a password, as <c>auth</c> of a Docker configuration and ECR's token hold them: base64 of both, a colon between them.
/// </summary>
/// <param name="User">May be empty.</param>
/// <param name="Password">May be empty, and may hold colons.</param>
public readonly record struct BasicPair(string User, Secret Password)
{
    /// <summary>Reads a pair; <c>null</c> when the text is none. Docker once wrote NUL characters behind it.</summary>
    public static BasicPair? Read(string base64)
    {
        Span<byte> bytes = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, bytes, out var length))
        {
            return null;
        }

        var pair = Encoding.UTF8.GetString(bytes[..length]).TrimEnd('\0');
        var colon = pair.IndexOf(':');
        return colon < 0 ? null : new BasicPair(pair[..colon], new Secret(pair[(colon + 1)..]));
    }
}
