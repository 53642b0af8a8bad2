using System.Diagnostics;

namespace RegistryProxy.Egress;

/// <summary>A span for each request that leaves. Costs nothing while nobody listens.</summary>
/// <param name="source">Whose spans they are.</param>
/// <param name="what">What the requests are for: the first word of a span's name.</param>
/// <param name="inner">What sends them.</param>
public abstract class RequestSpans(ActivitySource source, string what, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>Says what else a span has; never a credential.</summary>
    protected virtual void Describe(Activity span, HttpRequestMessage request)
    {
    }

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        source.HasListeners() ? Trace(request, cancellationToken) : base.SendAsync(request, cancellationToken);

    private async Task<HttpResponseMessage> Trace(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var span = source.StartActivity($"{what} {request.Method}", ActivityKind.Client);
        if (span is not null)
        {
            span.SetTag("http.request.method", request.Method.Method);
            span.SetTag("server.address", request.RequestUri!.IdnHost);
            Describe(span, request);
        }

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
