using System.Net;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// An upstream is asked whether it wants a body, and one that answers 417 is not (RFC 9110 §10.1.1): it gets the request once more without
/// the question while nothing of the body was taken, and the next ones at once.
/// </summary>
internal sealed class ExpectationHandler(Expectations expectations, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        request.Headers.ExpectContinue == true ? SendExpecting(request, cancellationToken) : base.SendAsync(request, cancellationToken);

    private async Task<HttpResponseMessage> SendExpecting(HttpRequestMessage request, CancellationToken cancellation)
    {
        var call = UpstreamCall.Of(request);
        if (!expectations.Refuses(call.Upstream))
        {
            var response = await base.SendAsync(request, cancellation);
            if (response.StatusCode != HttpStatusCode.ExpectationFailed)
            {
                return response;
            }

            expectations.Refused(call.Upstream);
            if (!call.IsBodyUntouched)
            {
                return response;
            }

            response.Dispose();
        }

        request.Headers.ExpectContinue = false;
        return await base.SendAsync(request, cancellation);
    }
}
