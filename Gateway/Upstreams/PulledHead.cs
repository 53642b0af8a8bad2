using System.Net;
using System.Net.Http.Headers;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>The head of what is pulled, as the client gets it.</summary>
internal static class PulledHead
{
    private const string DigestHeader = "Docker-Content-Digest";

    /// <summary>Writes it; the error for the client when the upstream's answer is not one to pass on.</summary>
    public static DistributionError? Write(ContentKind content, HttpResponseMessage upstream, Exchange exchange) => content switch
    {
        ContentKind.Manifest => CopyManifest(upstream, exchange),
        ContentKind.Blob => CopyBlob(upstream, exchange, exchange.Path.Digest!),
        _ => CopyReferrers(upstream, exchange),
    };

    private static DistributionError? CopyManifest(HttpResponseMessage upstream, Exchange exchange)
    {
        var error = CopyContent(upstream, exchange, exchange.Path.Reference!.Digest, "private, no-store");
        var response = exchange.Context.Response;
        response.ContentType = response.ContentType is { } type ? MediaType.EssenceOf(type) : null;
        return error;
    }

    private static DistributionError? CopyContent(
        HttpResponseMessage upstream, Exchange exchange, Digest? requested, string cacheControl)
    {
        var response = exchange.Context.Response;
        if (ResponseHeaders.IsEncoded(upstream))
        {
            return Odd(exchange, "sent an encoded body, which would break its digest");
        }

        ResponseHeaders.Copy(upstream, response);
        response.Headers.CacheControl = cacheControl;
        var claimed = upstream.Headers.NonValidated.TryGetValues(DigestHeader, out var values) && Digest.TryParse(values.ToString(), out var parsed)
            ? parsed
            : null;
        if (requested is not null && claimed is not null && claimed.Algorithm == requested.Algorithm && claimed != requested)
        {
            return Odd(exchange, "answered with another digest than the one that was asked for");
        }

        if ((requested ?? claimed) is { } digest)
        {
            response.Headers[DigestHeader] = digest.Value;
            response.Headers.ETag = $"\"{digest.Value}\"";
        }

        return null;
    }

    private static DistributionError? CopyBlob(HttpResponseMessage upstream, Exchange exchange, Digest digest)
    {
        var response = exchange.Context.Response;
        if (upstream.StatusCode == HttpStatusCode.PartialContent && !IsWanted(upstream.Content.Headers.ContentRange, response.HttpContext.Request))
        {
            return Odd(exchange, "answered with another part of the blob than the one that was asked for");
        }

        var error = CopyContent(upstream, exchange, digest, "private, max-age=31536000, immutable");
        response.ContentType = "application/octet-stream";
        response.Headers.AcceptRanges = "bytes";
        return error;
    }

    private static DistributionError Odd(Exchange exchange, string what) =>
        DistributionError.Unavailable(StatusCodes.Status502BadGateway, $"upstream '{exchange.Upstream.Name}' {what}", 5);

    /// <summary>Whether an upstream's part is the one that was asked for, or its beginning (RFC 9110 §15.3.7): clients append it unseen.</summary>
    private static bool IsWanted(ContentRangeHeaderValue? part, HttpRequest request) => HttpMethods.IsHead(request.Method)
        || (part is { From: { } from, To: { } to, Length: { } length }
            && ByteRange.Of(request, request.Headers.IfRange.ToString(), length) is { IsPartial: true } wanted && from == wanted.First && to < wanted.End);

    private static DistributionError? CopyReferrers(HttpResponseMessage upstream, Exchange exchange)
    {
        var response = exchange.Context.Response;
        ResponseHeaders.Copy(upstream, response);
        if (!LinkHeader.TryNextQuery(upstream, out var query))
        {
            return DistributionError.Unavailable(502, $"upstream '{exchange.Upstream.Name}' continues its referrers at something that is not an address", 5);
        }

        if (query is not null)
        {
            response.Headers.Link = LinkHeader.Next($"/v2/{exchange.Repository}/referrers/{exchange.Path.Digest}", query);
        }

        return null;
    }
}
