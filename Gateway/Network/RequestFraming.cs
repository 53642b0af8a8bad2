namespace RegistryProxy.Gateway.Network;

/// <summary>
/// Requests whose end two servers could see in different places (RFC 9112 §6.1, §6.3): refused, for something in front of this one may
/// have read them the other way.
/// </summary>
internal static class RequestFraming
{
    public static bool IsAmbiguous(HttpRequest request) =>
        request.Headers.TransferEncoding.Count > 0

        // Kestrel moves a Content-Length that came together with Transfer-Encoding to this name.
        && (request.Headers.ContainsKey("X-Content-Length")
            || request.Headers.ContentLength is not null
            || request.Protocol == HttpProtocol.Http10);
}
