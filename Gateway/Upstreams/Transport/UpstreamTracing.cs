using System.Diagnostics;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.ServiceDefaults.Telemetry;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>A span for each request to an upstream, redirects and repetitions included.</summary>
internal sealed class UpstreamTracing(HttpMessageHandler inner) : RequestSpans(Source, "upstream", inner)
{
    private static readonly ActivitySource Source = new("RegistryProxy.Gateway");

    protected override void Describe(Activity span, HttpRequestMessage request)
    {
        var path = request.RequestUri!.AbsolutePath;
        span.DisplayName = $"upstream {RequestSpan.NameOf(request.Method.Method, ServedOperation.Of(request.Method.Method, path))}";
        span.SetTag(SpanTags.Upstream, UpstreamCall.Of(request).Upstream.Name);
        span.SetTag("url.path", path);
    }
}
