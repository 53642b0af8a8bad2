using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Spares an upstream: a request waits up to five seconds for the account's rate limit, is sent once more after a 429 where it can be, and
/// is answered here while the upstream fails. Blob storage behind redirects is another matter and passes.
/// </summary>
internal sealed class AccountHandler(UpstreamAccounts accounts, TimeProvider time, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = UpstreamCall.Of(request);
        if (!call.Upstream.IsOrigin(request.RequestUri!))
        {
            return await base.SendAsync(request, cancellationToken);
        }

        var account = accounts.For(call.Upstream);
        var deadline = time.GetTimestamp() + (long)(LongestWait.TotalSeconds * time.TimestampFrequency);
        for (var again = false; ; again = true)
        {
            if (await account.Budget.Admit(call.IsMetered, deadline, cancellationToken) is { } wait)
            {
                accounts.CountRefusal(call.Upstream, "rate_limit");
                return new RefusedResponse(request, TooMany(call.Upstream, wait));
            }

            var (response, throttled) = await Send(account, call, request, cancellationToken);
            if (throttled is not { } longer)
            {
                return response;
            }

            response.Dispose();
            if (again || !MayRepeat(request))
            {
                return new RefusedResponse(request, TooMany(call.Upstream, longer));
            }
        }
    }

    private async Task<(HttpResponseMessage Response, TimeSpan? Throttled)> Send(
        UpstreamAccount account, UpstreamCall call, HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            if (await account.Breaker.Send(request, base.SendAsync, cancellation) is { } response)
            {
                return (response, account.Budget.Observe(response, call.IsMetered));
            }

            accounts.CountRefusal(call.Upstream, "breaker");
            return (new RefusedResponse(request, Failing(call.Upstream)), null);
        }
        finally
        {
            account.Budget.Done(call.IsMetered);
        }
    }

    private static bool MayRepeat(HttpRequestMessage request) => request.Method == HttpMethod.Get || request.Method == HttpMethod.Head;

    private static DistributionError TooMany(Upstream upstream, TimeSpan wait)
    {
        var seconds = (int)Math.Max(1, Math.Ceiling(wait.TotalSeconds));
        return DistributionError.TooManyRequests(
            $"upstream '{upstream.Name}' allows no more pulls for {seconds} s; an account with a higher limit goes into upstreams.{upstream.Name}.credentials", seconds);
    }

    private static DistributionError Failing(Upstream upstream) =>
        DistributionError.Unavailable(503, $"upstream '{upstream.Name}' fails at the moment and is left alone until it answers again", 1);
}
