using Microsoft.AspNetCore.Http.Features;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Builds the upstream's request of a write from parsed values and the client's answer from allow-lists; copies nothing by default.</summary>
internal sealed class ForwardTransformer(Forwarding forwarding, UpstreamCall call) : HttpTransformer
{
    /// <summary>What the client has yet to be told; <c>null</c> when it was answered.</summary>
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

        if (call.Refusal is not null || !forwarding.IsAnswer(proxyResponse))
        {
            Error = call.Refusal ?? await UpstreamErrors.From(call.Upstream, forwarding.NotFound, proxyResponse, cancellationToken);
            return false;
        }

        if (forwarding.Succeeded is { } succeeded)
        {
            await succeeded(proxyResponse);
        }

        Error = forwarding.Response(proxyResponse, httpContext.Response);
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
}
