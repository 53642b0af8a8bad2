using System.Buffers.Text;
using System.Text.Json;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.CredentialProvider;

/// <summary>
/// When a token ends (RFC 7519 §4.1.4). <c>null</c> for what is no token with an end. Nothing is verified here: that is the front door's to
/// do.
/// </summary>
internal static class TokenExpiry
{
    public static DateTimeOffset? Read(Secret token)
    {
        try
        {
            var parts = token.Reveal().Split('.');
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            return UnixTime.OfSeconds(claims.RootElement.GetProperty("exp").GetInt64());
        }
        catch (Exception fault) when (fault is JsonException or FormatException or KeyNotFoundException or InvalidOperationException
            or IndexOutOfRangeException or ArgumentException)
        {
            return null;
        }
    }
}
