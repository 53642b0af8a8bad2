using Yarp.ReverseProxy.Forwarder;

namespace RegistryProxy.NodeAgent.Mirror;

/// <summary>The request goes to the front door as it came, without what was meant for the mirror alone.</summary>
internal sealed class MirrorTransformer(Uri door, string target) : HttpTransformer
{
    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        proxyRequest.RequestUri = new Uri(door.GetLeftPart(UriPartial.Authority) + target, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        proxyRequest.Headers.Host = null;
        proxyRequest.Headers.Authorization = null;
        proxyRequest.Headers.Remove(MirrorSecret.Header);
    }
}
