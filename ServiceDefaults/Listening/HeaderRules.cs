using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>
/// What Kestrel takes in a header section and the specification does not. It asks here how each header is encoded that is not the same as
/// in the request before, which is the one place where the name and the bytes can be seen; what throws is answered with 400, and the
/// connection ends.
/// </summary>
internal static class HeaderRules
{
    /// <summary>
    /// The name under which Kestrel itself puts a Content-Length that came with Transfer-Encoding; it fails where it is taken.
    /// </summary>
    private const string Displaced = "X-Content-Length";

    /// <summary>RFC 9110 §5.6.2; and the colon with which pseudo-headers of HTTP/2 begin, which no name in HTTP/1.1 can have.</summary>
    private static readonly SearchValues<char> Token =
        SearchValues.Create("!#$%&'*+-.^_`|~:0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly ContentLengthDigits Digits = new();

    /// <summary>The encoding of a header; <c>null</c> for the usual one.</summary>
    /// <exception cref="BadHttpRequestException">There can be no such header.</exception>
    public static Encoding? EncodingOf(string name)
    {
        if (name.AsSpan().ContainsAnyExcept(Token) || name.Equals(Displaced, StringComparison.OrdinalIgnoreCase))
        {
            throw new BadHttpRequestException("There can be no header of this name.");
        }

        return name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase) ? Digits : null;
    }
}
