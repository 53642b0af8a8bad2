using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Uploads;

/// <summary>The headers of uploads, both ways: <c>Location</c>, <c>Range</c>, <c>Content-Range</c>, <c>Docker-Upload-UUID</c>.</summary>
internal static class UploadHeaders
{
    private const string UuidHeader = "Docker-Upload-UUID";

    /// <summary>
    /// The longest location of an upload, in characters: sealed, it is an id that clients carry, in an address that gateways take.
    /// </summary>
    public const int MaxLocation = 5600;

    /// <summary>Path and query of the upload at the upstream; <c>null</c> when they are missing, too long or on another origin.</summary>
    /// <param name="response">The upstream's answer.</param>
    /// <param name="upstream">The upstream.</param>
    /// <param name="former">Where an upload was that stays there when the answer says nothing.</param>
    public static OriginForm? Location(HttpResponseMessage response, Upstream upstream, OriginForm? former = null) =>
        !response.Headers.NonValidated.TryGetValues("Location", out var values) ? former
        : values.Distinct().Count() == 1
        && UriReference.TryResolve(values.First(), response.RequestMessage?.RequestUri ?? upstream.Url, out var location)
        && IsSameServer(location.Origin, upstream)
        && location.Target is { Text.Length: <= MaxLocation } target
            ? target
            : null;

    /// <summary>What a client is told when there is no such location.</summary>
    public static DistributionError UnusableLocation(Upstream upstream) => DistributionError.Unavailable(
        502, $"upstream '{upstream.Name}' returned an upload Location that is missing, unusable or on another host", 5);

    /// <summary>Answers with the new state of an upload.</summary>
    public static DistributionError? Answer(
        HttpResponseMessage upstream, RegistryRequest request, long offset, int status = StatusCodes.Status202Accepted,
        OriginForm? former = null)
    {
        var response = request.Context.Response;
        if (Location(upstream, request.Upstream, former) is not { } location)
        {
            return UnusableLocation(request.Upstream);
        }

        ResponseHeaders.CopyWritten(upstream, response, status);
        response.Headers.Location = PublicLocation(request, new UploadState(location, offset));
        response.Headers.Range = $"0-{Math.Max(0, offset - 1)}";
        if (upstream.Headers.NonValidated.TryGetValues(UuidHeader, out var values) && Guid.TryParse(values.ToString(), out var id))
        {
            response.Headers[UuidHeader] = id.ToString();
        }

        return null;
    }

    /// <summary>Answers 201 with where the blob is now.</summary>
    public static void AnswerCreated(HttpResponseMessage upstream, RegistryRequest request, Digest digest)
    {
        var response = request.Context.Response;
        ResponseHeaders.CopyWritten(upstream, response, StatusCodes.Status201Created);
        response.Headers["Docker-Content-Digest"] = digest.Value;
        response.Headers.Location = $"/v2/{request.Repository}/blobs/{digest}";
    }

    public static string PublicLocation(RegistryRequest request, UploadState state) =>
        $"/v2/{request.Repository}/blobs/uploads/{request.Map.Seal.Seal(state, Binding(request))}";

    public static UploadBinding Binding(RegistryRequest request) =>
        new(request.TokenService.Tenant.Name, request.Caller.Owner, request.Repository, request.Upstream.Name, request.Upstream.Origin);

    /// <summary>How many bytes the upstream has, from <c>Range: 0-last</c>; <paramref name="otherwise"/> when it does not say.</summary>
    public static long Offset(HttpResponseMessage response, long otherwise) =>
        response.Headers.NonValidated.TryGetValues("Range", out var values)
        && UploadRange.TryParse(values.ToString(), out var range)
        && range.First == 0
            ? range.Last + 1
            : otherwise;

    /// <summary>
    /// The same after a chunk. Some registries say <c>0-0</c> of every chunk, and some where the next one begins: neither is a word on how
    /// much they have.
    /// </summary>
    /// <param name="response">The answer to the chunk.</param>
    /// <param name="sent">How many bytes it has if all of the chunk arrived.</param>
    public static long OffsetAfter(HttpResponseMessage response, long sent) =>
        Offset(response, sent) is var said && (said == sent + 1 || (said == 1 && sent > 1)) ? sent : said;

    /// <summary>
    /// Behind a proxy that ends TLS an upstream may name itself with another scheme than it is asked by; host and port decide, and what is
    /// sent next goes to where the upstream is configured to be.
    /// </summary>
    private static bool IsSameServer(HttpOrigin origin, Upstream upstream) => origin.Host == upstream.Origin.Host
        && (origin.Port == upstream.Origin.Port || (IsUsual(origin) && IsUsual(upstream.Origin)));

    private static bool IsUsual(HttpOrigin origin) => origin is { Scheme: "http", Port: 80 } or { Scheme: "https", Port: 443 };
}
