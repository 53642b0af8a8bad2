using RegistryProxy.Gateway.Upstreams.Accounts;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>Counts what an upstream is asked, and how long it takes: not what goes to blob storage, nor the question of a host.</summary>
internal sealed class CountingHandler(UpstreamAccounts accounts, TimeProvider time, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = UpstreamCall.Of(request);
        if (HostProbe.IsPing(request) || !call.Upstream.IsOrigin(request.RequestUri!))
        {
            return await base.SendAsync(request, cancellationToken);
        }

        call.IsSent = true;
        var (began, count) = (time.GetTimestamp(), accounts.CountOf(call.Upstream));
        count.Sent();
        HttpResponseMessage response;
        try
        {
            response = await base.SendAsync(request, cancellationToken);
        }
        catch (Exception) when (!call.Client.IsCancellationRequested)
        {
            count.Failed(time.GetElapsedTime(began));
            throw;
        }

        accounts.CountAnswer(call.Upstream, (int)response.StatusCode, time.GetElapsedTime(began));
        return response;
    }
}
