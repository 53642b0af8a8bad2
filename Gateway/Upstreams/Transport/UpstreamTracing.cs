using System.Diagnostics;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>A span for each request to an upstream, redirects and repetitions included. Costs nothing while nobody listens.</summary>
internal sealed class UpstreamTracing(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly ActivitySource Source = new("RegistryProxy.Gateway");

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Source.HasListeners() ? Trace(request, cancellationToken) : base.SendAsync(request, cancellationToken);

    private async Task<HttpResponseMessage> Trace(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var span = Source.StartActivity($"upstream {request.Method}", ActivityKind.Client);
        span?.SetTag("registryproxy.upstream", UpstreamCall.Of(request).Upstream.Name);
        span?.SetTag("http.request.method", request.Method.Method);
        span?.SetTag("server.address", request.RequestUri!.IdnHost);
        span?.SetTag("url.path", request.RequestUri!.AbsolutePath);
        try
        {
            var response = await base.SendAsync(request, cancellation);
            span?.SetTag("http.response.status_code", (int)response.StatusCode);
            return response;
        }
        catch (Exception fault)
        {
            span?.SetStatus(ActivityStatusCode.Error, fault.GetType().Name);
            throw;
        }
    }
}
