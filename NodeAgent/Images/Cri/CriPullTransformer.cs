using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.NodeAgent.Images.Cri;

/// <summary>
/// Reads how a pull ended, wherever the runtime says it: in the trailers, or in the headers when there is no message. An outage of a registry
/// gets the prefix by which kubelet knows it, unless the runtime set it already; the rest of the runtime's words stay.
/// </summary>
internal sealed class CriPullTransformer : HttpTransformer
{
    private const string Unknown = "2";
    private const string Unavailable = "RegistryUnavailable";

    /// <summary>The status code; empty while there is none.</summary>
    public string Status { get; private set; } = "";

    public string Message { get; private set; } = "";

    public bool Succeeded => Status == "0";

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        var copied = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        Read(httpContext.Response.Headers);
        return copied;
    }

    public override async ValueTask TransformResponseTrailersAsync(HttpContext httpContext, HttpResponseMessage proxyResponse, CancellationToken cancellationToken)
    {
        await base.TransformResponseTrailersAsync(httpContext, proxyResponse, cancellationToken);
        if (httpContext.Features.Get<IHttpResponseTrailersFeature>()?.Trailers is { } trailers)
        {
            Read(trailers);
        }
    }

    private void Read(IHeaderDictionary fields)
    {
        if (fields[GrpcAnswer.StatusField].ToString() is not { Length: > 0 } status)
        {
            return;
        }

        (Status, Message) = (status, Uri.UnescapeDataString(fields[GrpcAnswer.MessageField].ToString()));
        if (Status == Unknown && PullFailure.IsOutage(Message) && !Message.StartsWith(Unavailable, StringComparison.Ordinal))
        {
            fields[GrpcAnswer.MessageField] = GrpcAnswer.Encode($"{Unavailable}: {Message}");
        }
    }
}
