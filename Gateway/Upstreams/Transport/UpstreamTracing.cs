using System.Diagnostics;
using RegistryProxy.Egress;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>A span for each request to an upstream, redirects and repetitions included.</summary>
internal sealed class UpstreamTracing(HttpMessageHandler inner) : RequestSpans(Source, "upstream", inner)
{
    private static readonly ActivitySource Source = new("RegistryProxy.Gateway");

    protected override void Describe(Activity span, HttpRequestMessage request)
    {
        span.SetTag("registryproxy.upstream", UpstreamCall.Of(request).Upstream.Name);
        span.SetTag("url.path", request.RequestUri!.AbsolutePath);
    }
}
