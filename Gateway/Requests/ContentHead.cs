using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Requests;

/// <summary>The head of an answer whose content is known by its digest.</summary>
internal static class ContentHead
{
    public const string ForEver = "private, max-age=31536000, immutable";
    public const string Never = "private, no-store";

    /// <summary>Writes what every such answer has; <c>true</c> when the client has the content already: 304, and no body.</summary>
    public static bool Write(HttpContext context, Digest digest, string etag, string mediaType, string cacheControl)
    {
        var headers = context.Response.Headers;
        headers["Docker-Content-Digest"] = digest.Value;
        headers.ETag = etag;
        headers.CacheControl = cacheControl;
        if (Matches(context.Request, etag))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return true;
        }

        context.Response.ContentType = mediaType;
        return false;
    }

    /// <summary>
    /// Writes the head of a blob; the range to send, or <c>null</c> when there is nothing to send, with the error if there is one.
    /// </summary>
    public static (ByteRange? Range, DistributionError? Error) WriteBlob(HttpContext context, Digest digest, long size)
    {
        var etag = TagOf(digest);
        var response = context.Response;
        if (Write(context, digest, etag, "application/octet-stream", ForEver))
        {
            return (null, null);
        }

        response.Headers.AcceptRanges = "bytes";
        if (ByteRange.Of(context.Request, etag, size) is not { } range)
        {
            return (null, OutsideOf(size));
        }

        response.ContentLength = range.Count;
        if (range.IsPartial)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = $"bytes {range.First}-{range.End - 1}/{size}";
        }

        return (HttpMethods.IsHead(context.Request.Method) ? null : range, null);
    }

    /// <summary>
    /// Writes the head of several ranges of a blob; <c>null</c> when it is not several that are to be sent, but what
    /// <see cref="WriteBlob"/> writes.
    /// </summary>
    public static MultipartRanges? WriteRanges(HttpContext context, Digest digest, long size)
    {
        if (!ByteRanges.AreSeveral(context.Request.Headers.Range))
        {
            return null;
        }

        var etag = TagOf(digest);
        if (ByteRanges.Of(context.Request, etag, size) is not { Length: > 1 } ranges || Matches(context.Request, etag))
        {
            return null;
        }

        var parts = new MultipartRanges(ranges, size);
        Write(context, digest, etag, parts.ContentType, ForEver);
        context.Response.StatusCode = StatusCodes.Status206PartialContent;
        context.Response.Headers.AcceptRanges = "bytes";
        context.Response.ContentLength = parts.Length;
        return parts;
    }

    /// <summary>
    /// The error when what a request wants of a blob lies outside; <c>null</c> when some of it does not. Who cannot say how long the blob
    /// is, cannot say that either (RFC 9110 §15.5.17).
    /// </summary>
    public static DistributionError? Outside(HttpRequest request, Digest digest, long size) =>
        IsLengthOf(digest, size) && ByteRange.Of(request, TagOf(digest), size) is null ? OutsideOf(size) : null;

    /// <summary>Whether a blob may be that long: to say 0 is what many answers do that do not know.</summary>
    public static bool IsLengthOf(Digest digest, long size) => size > 0 || digest.IsOfNothing;

    private static DistributionError OutsideOf(long size) =>
        DistributionError.SizeInvalid("the range lies outside the content", StatusCodes.Status416RangeNotSatisfiable) with
        {
            ContentRange = $"bytes */{size}",
        };

    /// <summary>The entity tag of what a digest names.</summary>
    public static string TagOf(Digest digest) => $"\"{digest.Value}\"";

    private static bool Matches(HttpRequest request, string etag)
    {
        foreach (var value in request.Headers.IfNoneMatch)
        {
            if (value is not null && (value.Contains(etag, StringComparison.Ordinal) || value.Trim() == "*"))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>
/// What somebody pushed shares its origin with the page for people: no browser may take it for a page of this origin, whatever its
/// <c>Content-Type</c> says (Content Security Policy Level 3 §6.3.2; Fetch, "X-Content-Type-Options").
/// </summary>
internal static class PushedContent
{
    /// <summary>Marks an answer of the distribution API; nothing is allocated.</summary>
    public static void Confine(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "sandbox";
    }
}
