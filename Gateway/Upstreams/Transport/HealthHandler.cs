using System.Net;
using RegistryProxy.Egress;
using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Notes how the requests to an upstream itself fare; what its storage does, and what this gateway refuses for it, is another matter.
/// </summary>
internal sealed class HealthHandler(FailingUpstreams failing, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = UpstreamCall.Of(request);
        if (!call.Upstream.IsOrigin(request.RequestUri!))
        {
            return await base.SendAsync(request, cancellationToken);
        }

        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            Note(call, response.StatusCode);
            return response;
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested && call.Body is not { IsBroken: true }
            && UpstreamBreaker.IsFailure(fault))
        {
            failing.Failed(call.Upstream.Name, call.Upstream.Address, ExchangeFault.Of(fault));
            throw;
        }
    }

    private void Note(UpstreamCall call, HttpStatusCode status)
    {
        if (call.Refusal is not null)
        {
            return;
        }

        if (UpstreamBreaker.IsFailure(status))
        {
            failing.Failed(call.Upstream.Name, call.Upstream.Address, new ExchangeFault("status", $"it answers {(int)status}"));
        }
        else
        {
            failing.Answered(call.Upstream.Name, (int)status is not (401 or 403 or 429) and < 500);
        }
    }
}
