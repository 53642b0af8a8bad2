using System.Diagnostics;

namespace RegistryProxy.Grains.Upstreams.Secrets;

/// <summary>
/// A span for each request for a token or a credential, below the one that needed it. Without paths and queries, which may hold credentials.
/// Costs nothing while nobody listens.
/// </summary>
internal sealed class CredentialTracing(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly ActivitySource Source = new("RegistryProxy.Grains");

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        Source.HasListeners() ? Trace(request, cancellationToken) : base.SendAsync(request, cancellationToken);

    private async Task<HttpResponseMessage> Trace(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var span = Source.StartActivity($"credential {request.Method}", ActivityKind.Client);
        span?.SetTag("http.request.method", request.Method.Method);
        span?.SetTag("server.address", request.RequestUri!.IdnHost);
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
