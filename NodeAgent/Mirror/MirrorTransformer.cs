using RegistryProxy.Protocol;
using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.NodeAgent.Mirror;

/// <summary>The request goes to the front door as it came, without what was meant for the mirror alone.</summary>
internal sealed class MirrorTransformer(Uri door, OriginForm target) : HttpTransformer
{
    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.RequestUri = HttpOrigin.Of(door).At(target);
        proxyRequest.Headers.Host = null;
        proxyRequest.Headers.Authorization = null;
        proxyRequest.Headers.Remove(MirrorSecret.Header);
    }
}
