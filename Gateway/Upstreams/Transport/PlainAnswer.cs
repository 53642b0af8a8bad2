using System.Net;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Success under another status than 200 that is the same: 203, which a proxy on the way writes on what it changed (RFC 9110 §15.3.4), and
/// a part that nobody asked for and that is the whole. Whether the content is right, its digest says as ever.
/// </summary>
internal static class PlainAnswer
{
    /// <summary>Gives such an answer to a GET or HEAD the status 200.</summary>
    public static HttpResponseMessage Of(HttpResponseMessage response)
    {
        var asked = response.RequestMessage!;
        if (asked.Method == HttpMethod.Get || asked.Method == HttpMethod.Head)
        {
            if (response.StatusCode == HttpStatusCode.NonAuthoritativeInformation)
            {
                response.StatusCode = HttpStatusCode.OK;
            }
            else if (response.StatusCode == HttpStatusCode.PartialContent && !asked.Headers.NonValidated.Contains("Range")
                && response.Content.Headers.ContentRange is { From: 0, To: { } to, Length: { } length } && to + 1 == length)
            {
                response.StatusCode = HttpStatusCode.OK;
                response.Content.Headers.ContentRange = null;
            }
        }

        return response;
    }
}
