using System.Net;
using System.Net.Http.Headers;
using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Distribution;

/// <summary>GET and HEAD of manifests, blobs and referrers: streamed through, or on routes with a cache served from it.</summary>
internal sealed class PullOperations(UpstreamForwarder forwarder, DiskStore store, ManifestCache manifests, BlobCache blobs, ListingRoom room)
{
    private const string DigestHeader = "Docker-Content-Digest";

    /// <summary>The filter of the specification, and the cursors that registries put into their <c>Link</c>.</summary>
    private static readonly string[] ReferrersKeys = ["artifactType", "n", "last", "next_page", "continue", "page"];

    public Task<DistributionError?> Manifest(Exchange exchange) => Fallback.Run(exchange, () => exchange.Route.Caches && store.IsEnabled
        ? manifests.Serve(exchange, () => forwarder.Forward(exchange, ManifestPlan(exchange) with { Verified = exchange.Path.Reference!.Digest }))
        : forwarder.Forward(exchange, ManifestPlan(exchange)));

    /// <summary>Blobs are cached where their redirects are followed: what is passed to the client never comes by.</summary>
    public Task<DistributionError?> Blob(Exchange exchange) => Fallback.Run(exchange, () => exchange.Route.Caches && store.IsEnabled && exchange.Destination.FollowRedirects
        ? blobs.Serve(exchange, () => forwarder.Forward(exchange, BlobPlan(exchange) with { Verified = exchange.Path.Digest }))
        : forwarder.Forward(exchange, BlobPlan(exchange)));

    public Task<DistributionError?> Referrers(Exchange exchange) => room.Run(
        exchange.Context, exchange.Site.Tenant.Name, exchange.Caller,
        () => Fallback.Run(exchange, () => forwarder.Forward(exchange, ReferrersPlan(exchange))));

    private static Forwarding ManifestPlan(Exchange exchange) => new()
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/manifests/{exchange.Path.Reference}"),
        Scope = UpstreamScope.Pull(exchange.UpstreamName),
        NotFound = DistributionError.ManifestUnknown(),
        IsMetered = !exchange.IsHead,
        Kind = CallKind.Pull,
        Request = RequestHeaders.CopyQuestion,
        Response = (upstream, response) => CopyContent(upstream, response, exchange, exchange.Path.Reference!.Digest, "private, no-store"),
    };

    private static Forwarding BlobPlan(Exchange exchange) => new()
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/blobs/{exchange.Path.Digest}"),
        Scope = UpstreamScope.Pull(exchange.UpstreamName),
        NotFound = DistributionError.BlobUnknown(),
        FollowRedirects = exchange.Destination.FollowRedirects,
        IsResumable = true,
        Kind = CallKind.Pull,
        Request = RequestHeaders.CopyDownload,
        Response = (upstream, response) => CopyBlob(upstream, response, exchange, exchange.Path.Digest!),
    };

    private static Forwarding ReferrersPlan(Exchange exchange) => new()
    {
        Target = OriginForm.Of($"/v2/{exchange.UpstreamName}/referrers/{exchange.Path.Digest}{ReferrersQuery(exchange.Path.Query)}"),
        Scope = UpstreamScope.Pull(exchange.UpstreamName),
        NotFound = DistributionError.NotFound("the upstream has no referrers API; clients fall back to the referrers tag"),
        Kind = CallKind.Listing,
        Request = RequestHeaders.CopyQuestion,
        Response = (upstream, response) => CopyReferrers(upstream, response, exchange),
    };

    private static DistributionError? CopyContent(
        HttpResponseMessage upstream, HttpResponse response, Exchange exchange, Digest? requested, string cacheControl)
    {
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

    private static DistributionError? CopyBlob(HttpResponseMessage upstream, HttpResponse response, Exchange exchange, Digest digest)
    {
        if (upstream.StatusCode == HttpStatusCode.PartialContent && !IsWanted(upstream.Content.Headers.ContentRange, response.HttpContext.Request))
        {
            return Odd(exchange, "answered with another part of the blob than the one that was asked for");
        }

        var error = CopyContent(upstream, response, exchange, digest, "private, max-age=31536000, immutable");
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

    private static DistributionError? CopyReferrers(HttpResponseMessage upstream, HttpResponse response, Exchange exchange)
    {
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

    private static string ReferrersQuery(QueryParameters query)
    {
        var kept = ReferrersKeys
            .SelectMany(key => query.All(key).Select(value => $"{key}={Uri.EscapeDataString(value)}"));
        var text = string.Join('&', kept);
        return text.Length == 0 ? "" : "?" + text;
    }
}
