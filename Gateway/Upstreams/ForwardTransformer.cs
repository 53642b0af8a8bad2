using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// Builds the upstream's request of a write from parsed values; what its answer means to the client is for the operation to say.
/// </summary>
internal sealed class ForwardTransformer(ForwardRequest forwarding, UpstreamCall call, TimeProvider time) : HttpTransformer
{
    /// <summary>How long a body must be for the upstream to be asked whether it wants it, in bytes.</summary>
    private const int MinAsked = 64 * 1024;

    /// <summary>The head of the upstream's answer, or the error that the client has yet to be told.</summary>
    public UpstreamResult Result { get; private set; }

    public override ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        proxyRequest.RequestUri = call.Upstream.At(forwarding.Target);
        if (forwarding.Method is { } method)
        {
            proxyRequest.Method = method;
        }

        RequestHeaders.CopyUpload(httpContext.Request, proxyRequest);
        CopyContentHeaders(httpContext.Request, proxyRequest);
        call.Body = httpContext.Features.Get<MovingBody>();
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

        Result = call.Refusal is null && forwarding.IsAnswer(proxyResponse)
            ? new UpstreamResult(proxyResponse, null)
            : new UpstreamResult(null,
                call.Refusal
                    ?? await UpstreamErrors.From(call.Upstream, forwarding.NotFound, proxyResponse, time, cancellationToken))
            {
                Refused = call.Refusal is null ? RefusedAnswer.Of(call.Upstream, proxyResponse) : null,
            };
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

        // A registry that does not want it says so before it comes: in its middle nobody would hear.
        to.Headers.ExpectContinue = from.ContentLength is null or >= MinAsked;

        // Those that no header can carry were refused before (RequestBounds).
        if (from.ContentType is { Length: > 0 } type)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }

        // In the one form that registries read, whatever the client's.
        if (UploadRange.TryParse(from.Headers.ContentRange.ToString(), out var range))
        {
            content.Headers.TryAddWithoutValidation("Content-Range", range.ToString());
        }
    }
}
