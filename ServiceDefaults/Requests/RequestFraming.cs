using Microsoft.AspNetCore.Http;

namespace RegistryProxy.ServiceDefaults.Requests;

/// <summary>
/// Requests whose end two servers could see in different places (RFC 9112 §6.1, §6.3): refused, for something in front of this one may
/// have read them the other way. The only transfer coding is chunked, once. HTTP/2 has frames for it, and no headers of a connection (RFC
/// 9113 §8.2.2); Kestrel refuses <c>Connection</c> and <c>TE</c> itself.
/// </summary>
internal static class RequestFraming
{
    private static readonly string[] OfConnections = ["Transfer-Encoding", "Upgrade", "Keep-Alive", "Proxy-Connection"];

    /// <summary>Why a request is refused; <c>null</c> when it is not.</summary>
    public static string? Fault(HttpRequest request)
    {
        if (HttpProtocol.IsHttp2(request.Protocol))
        {
            return Array.Find(OfConnections, request.Headers.ContainsKey) is { } name ? $"{name} is no header of HTTP/2" : null;
        }

        var coding = request.Headers.TransferEncoding;
        return coding.Count == 0 ? null
            : coding.Count > 1 || !"chunked".Equals(coding[0], StringComparison.OrdinalIgnoreCase)
                ? "Transfer-Encoding must be chunked, once"
            : request.Protocol == HttpProtocol.Http10 ? "HTTP/1.0 has no Transfer-Encoding"

            // Kestrel moves a Content-Length that came together with Transfer-Encoding to this name.
            : request.Headers.ContainsKey("X-Content-Length") || request.Headers.ContentLength is not null
                ? "Transfer-Encoding with Content-Length is ambiguous"
            : null;
    }
}
