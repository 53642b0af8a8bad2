using System.Text;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Tokens;

/// <summary>The Basic credentials of a token request (RFC 7617).</summary>
internal static class BasicCredentials
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The credentials; anonymous without a header, <c>null</c> when the header is malformed.</summary>
    public static LoginCredentials? Read(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count == 0)
        {
            return LoginCredentials.Anonymous;
        }

        if (header.Count > 1 || header[0] is not { } value || !value.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            var text = Strict.GetString(Convert.FromBase64String(value[6..].Trim()));
            var colon = text.IndexOf(':');
            return colon < 0 || text.Any(char.IsControl) ? null : TokenRequest.CredentialsOf(text[..colon], text[(colon + 1)..]);
        }
        catch (Exception fault) when (fault is FormatException or DecoderFallbackException)
        {
            return null;
        }
    }
}
