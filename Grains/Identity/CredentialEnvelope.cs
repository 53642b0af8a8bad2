using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity;

/// <summary>Credential text that is base64url (RFC 4648 §5, padding optional) of something else.</summary>
internal static class CredentialEnvelope
{
    private const int MaxLength = 32 * 1024;

    /// <summary>The text inside; <c>null</c> when it is not base64url of UTF-8.</summary>
    public static string? Open(Secret credential)
    {
        var text = credential.Reveal().TrimEnd('=');
        if (text.Length is 0 or > MaxLength || !Base64Url.IsValid(text))
        {
            return null;
        }

        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Base64Url.DecodeFromChars(text));
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary>Two texts of the JSON object inside; <c>null</c> when they are not there.</summary>
    public static (string First, string Second)? OpenPair(Secret credential, string first, string second)
    {
        if (Open(credential) is not { } json)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty(first, out var one) && one.ValueKind == JsonValueKind.String
                && root.TryGetProperty(second, out var other) && other.ValueKind == JsonValueKind.String
                    ? (one.GetString()!, other.GetString()!)
                    : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // No JSON, or a text in it that is none: half of a surrogate pair.
            return null;
        }
    }
}
