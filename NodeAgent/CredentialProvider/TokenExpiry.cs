using System.Buffers.Text;
using System.Text.Json;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.CredentialProvider;

/// <summary>When a token ends (RFC 7519 §4.1.4). Nothing is verified here: that is the front door's to do.</summary>
internal static class TokenExpiry
{
    public static DateTimeOffset Read(Secret token)
    {
        try
        {
            var parts = token.Reveal().Split('.');
            using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[1]));
            return DateTimeOffset.FromUnixTimeSeconds(claims.RootElement.GetProperty("exp").GetInt64());
        }
        catch (Exception fault) when (fault is JsonException or FormatException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException or ArgumentException)
        {
            throw new DoorException(DoorFailure.NoProof, "serviceAccountToken is not a token with an end");
        }
    }
}
