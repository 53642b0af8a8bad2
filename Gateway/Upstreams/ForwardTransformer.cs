using System.Net;
using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Builds the upstream request from parsed values and the client's answer from allow-lists; copies nothing by default.</summary>
internal sealed class ForwardTransformer(Exchange exchange, Forwarding forwarding, UpstreamCall call) : HttpTransformer
{
    /// <summary>What the client has yet to be told; <c>null</c> when the answer was streamed.</summary>
    public DistributionError? Error { get; private set; }

    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        proxyRequest.RequestUri = call.Upstream.At(forwarding.Target);
        if (forwarding.Method is { } method)
        {
            proxyRequest.Method = method;
        }

        forwarding.Request(httpContext.Request, proxyRequest);
        CopyContentHeaders(httpContext.Request, proxyRequest);
        call.AttachTo(proxyRequest);
        return ValueTask.CompletedTask;
    }

    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
        {
            return false;
        }

        // The forwarder copied the upstream's own.
        httpContext.Features.GetRequiredFeature<IHttpResponseFeature>().ReasonPhrase = null;

        if (RedirectHandler.Target(proxyResponse.RequestMessage!, proxyResponse) is { } target)
        {
            httpContext.Response.Headers.Location = target.AbsoluteUri;
            httpContext.Response.Headers.CacheControl = "private, no-store";
            return false;
        }

        if (!IsAnswer(proxyResponse) || !CanBeVerified(proxyResponse))
        {
            Error = await UpstreamErrors.From(exchange, forwarding, proxyResponse, cancellationToken);
            return false;
        }

        if (forwarding.Succeeded is { } succeeded)
        {
            await succeeded(proxyResponse);
        }

        Error = forwarding.Response(proxyResponse, httpContext.Response);
        if (Error is null)
        {
            return forwarding.SendsBody && IsQuestion(proxyResponse);
        }

        ClearContent(httpContext.Response);
        return false;
    }

    public override ValueTask TransformResponseTrailersAsync(
        HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    private static void CopyContentHeaders(HttpRequest from, HttpRequestMessage to)
    {
        if (to.Content is not { } content)
        {
            return;
        }

        if (from.ContentLength is { } length)
        {
            content.Headers.ContentLength = length;
        }

        // Those that no header can carry were refused before (RequestBounds).
        if (from.ContentType is { Length: > 0 } type)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        if (from.Headers.ContentRange.ToString() is { Length: > 0 } range)
        {
            content.Headers.TryAddWithoutValidation("Content-Range", range);
        }
    }

    /// <summary>An upstream's word on a write counts whatever kind of success it is; what is read has few that make sense.</summary>
    private static bool IsAnswer(HttpResponseMessage response) => IsQuestion(response)
        ? response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Accepted or HttpStatusCode.NonAuthoritativeInformation or HttpStatusCode.NoContent
            or HttpStatusCode.PartialContent or HttpStatusCode.NotModified
        : response.IsSuccessStatusCode;

    /// <summary>What is to be verified comes whole, or as the part that was asked for: any other success would pass unseen.</summary>
    private bool CanBeVerified(HttpResponseMessage response) => forwarding.Verified is null
        || response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotModified
        || (response.StatusCode == HttpStatusCode.PartialContent && response.RequestMessage!.Headers.NonValidated.Contains("Range"));

    private static bool IsQuestion(HttpResponseMessage response) =>
        response.RequestMessage!.Method == HttpMethod.Get || response.RequestMessage.Method == HttpMethod.Head;

    private static void ClearContent(HttpResponse response)
    {
        foreach (var name in new[] { "ETag", "Docker-Content-Digest", "Content-Range", "Last-Modified", "Accept-Ranges" })
        {
            response.Headers.Remove(name);
        }
    }
}
