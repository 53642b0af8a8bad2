using System.Text.Json;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.AccessTokens;

/// <summary>The protected header of a token of ours: exactly <c>alg</c>, <c>typ</c> and <c>kid</c>, each once.</summary>
internal static class AccessTokenHeader
{
    /// <summary>The <c>typ</c> of access tokens; refresh tokens and identity tokens of others never carry it.</summary>
    public const string Type = AccessTokenClaims.Type;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 2 };

    /// <summary>The key id; <c>null</c> when the header is not one of ours, or of another type.</summary>
    public static string? ReadKeyId(byte[] header, string type)
    {
        try
        {
            using var document = JsonDocument.Parse(header, Strict);
            string? keyId = null;
            var known = 0;
            foreach (var member in document.RootElement.EnumerateObject())
            {
                var value = member.Value.GetString();
                switch (member.Name)
                {
                    case "alg" when value == "ES256":
                    case "typ" when value == type:
                        break;
                    case "kid" when value is { Length: > 0 and <= 64 }:
                        keyId = value;
                        break;
                    default:
                        return null;
                }

                known++;
            }

            return known == 3 ? keyId : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
