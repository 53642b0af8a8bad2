using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Requests of the cache's own: the same credentials, limits, breaker and redirects as every other one.</summary>
internal sealed class UpstreamFetcher(GrantCache grants, UpstreamTransports transports, UpstreamMeter meter, TimeProvider time)
{
    private static readonly TimeSpan QuestionTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Counts a download that was cut and goes on.</summary>
    public void Resumed() => meter.Resumed();

    /// <summary>Asks with HEAD; the digest and length that the upstream says, or the error for the client.</summary>
    public async Task<(HttpResponseMessage? Answer, DistributionError? Error)> Ask(Fetch fetch, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(QuestionTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        return await Send(fetch, HttpMethod.Head, null, either.Token);
    }

    /// <summary>Asks with GET, from an offset on; the answer with its body to be read, or the error for the client.</summary>
    public async Task<(HttpResponseMessage? Answer, DistributionError? Error)> Send(
        Fetch fetch, HttpMethod method, long? from, CancellationToken cancellation)
    {
        var (upstream, name) = (fetch.Destination.Upstream, fetch.Destination.Name);
        var key = new UpstreamTokenKey(upstream.Name, UpstreamScope.Pull(name));
        var result = await grants.Get(key, cancellation);
        if (result.Grant is not { } grant)
        {
            return (null, UpstreamErrors.From(upstream, result.Failure!));
        }

        var request = new HttpRequestMessage(method, upstream.At(fetch.Target));
        RequestHeaders.AddCommon(request);
        if (fetch.Accept.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Accept", fetch.Accept);
        }

        if (from is { } offset)
        {
            request.Headers.TryAddWithoutValidation("Range", $"bytes={offset}-");
        }

        var isMetered = fetch.IsManifest && method == HttpMethod.Get;
        new UpstreamCall(upstream, key, grant, FollowRedirects: true, isMetered, CallKind.Pull).AttachTo(request);
        try
        {
            var response = await transports.For(upstream).SendAsync(request, cancellation);
            if (response.IsSuccessStatusCode)
            {
                return (response, null);
            }

            using (response)
            {
                return (null, await UpstreamErrors.From(upstream, fetch.NotFound, response, cancellation));
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            return (null, UpstreamErrors.Unanswered(upstream, fault));
        }
    }
}
