using Microsoft.Extensions.Primitives;

namespace RegistryProxy.Gateway.Network;

/// <summary>
/// Lets scripts of pages of other origins ask and read answers (Fetch, "CORS protocol"). Credentials are headers that such a script sets
/// itself: cookies are never allowed.
/// </summary>
internal static class CrossOrigin
{
    private const string Methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
    private const string RequestHeaders =
        "Authorization, Accept, Content-Type, Content-Range, Range, If-Match, If-None-Match, If-Range, OCI-Chunk-Min-Length";

    private const string ResponseHeaders =
        "Docker-Content-Digest, Docker-Distribution-Api-Version, Docker-Upload-UUID, Link, Location, WWW-Authenticate, OCI-Subject, " +
        "OCI-Filters-Applied, "
        + "OCI-Tag, OCI-Chunk-Min-Length, Content-Length, Content-Range, Accept-Ranges, Range, ETag, Retry-After, X-Request-Id";

    /// <summary>How long a browser may keep the answer to a preflight, in seconds.</summary>
    private const string Seconds = "600";

    /// <summary>
    /// Says so in the answer where the origin is one of these; whether the request was a preflight of it, which needs no other answer.
    /// </summary>
    public static bool Allow(HttpContext context, IReadOnlyList<string> origins)
    {
        var isAllowed = context.Request.Headers.Origin is { Count: 1 } sent && origins.Contains(sent[0]!, StringComparer.Ordinal);
        var isPreflight = isAllowed && HttpMethods.IsOptions(context.Request.Method)
            && !StringValues.IsNullOrEmpty(context.Request.Headers.AccessControlRequestMethod);

        // At the very end, so that nothing that an upstream says of this reaches the browser.
        context.Response.OnStarting(() =>
        {
            Mark(context, isAllowed, isPreflight);
            return Task.CompletedTask;
        });
        return isPreflight;
    }

    private static void Mark(HttpContext context, bool isAllowed, bool isPreflight)
    {
        var headers = context.Response.Headers;
        headers.Vary = StringValues.Concat(headers.Vary, "Origin");
        if (!isAllowed)
        {
            return;
        }

        headers.AccessControlAllowOrigin = context.Request.Headers.Origin;
        headers.AccessControlExposeHeaders = ResponseHeaders;
        if (isPreflight)
        {
            headers.AccessControlAllowMethods = Methods;
            headers.AccessControlAllowHeaders = RequestHeaders;
            headers.AccessControlMaxAge = Seconds;
        }
    }
}
