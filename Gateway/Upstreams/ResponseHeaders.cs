using System.Net.Http.Headers;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// The headers of an upstream that a client gets to see. <c>WWW-Authenticate</c>, <c>Set-Cookie</c>, <c>Location</c> and <c>Link</c> are
/// never among them: the last two are rebuilt.
/// </summary>
internal static class ResponseHeaders
{
    private static readonly string[] General =
    [
        "Accept-Ranges", "ETag", "Last-Modified", "OCI-Filters-Applied", "OCI-Subject", "OCI-Tag", "OCI-Chunk-Min-Length", "Warning",
        "RateLimit-Limit", "RateLimit-Remaining",
    ];

    private static readonly string[] Content = ["Content-Type", "Content-Length", "Content-Range", "Last-Modified"];

    /// <summary>Copies the headers of a successful answer.</summary>
    public static void Copy(HttpResponseMessage from, HttpResponse to)
    {
        Copy(from.Headers.NonValidated, to, General);
        Copy(from.Content.Headers.NonValidated, to, Content);
    }

    private static void Copy(HttpHeadersNonValidated from, HttpResponse to, string[] names)
    {
        foreach (var name in names)
        {
            if (from.TryGetValues(name, out var values))
            {
                to.Headers[name] = values.ToString();
            }
        }
    }
}
