using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Small requests of our own to an upstream, such as listings: same credentials, vetting and redirects as the byte path, and a total timeout.</summary>
internal sealed class UpstreamClient(GrantCache grants, UpstreamTransports transports, TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Sends a request and hands its answer to <paramref name="read"/>, whatever its status.</summary>
    public async Task<UpstreamReply<T>> Send<T>(
        Upstream upstream, string scope, HttpMethod method, OriginForm target,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellation)
    {
        var key = new UpstreamTokenKey(upstream.Name, scope);
        var result = await grants.Get(key, cancellation);
        if (result.Grant is not { } grant)
        {
            return new UpstreamReply<T>(default, UpstreamErrors.From(upstream, result.Failure!));
        }

        using var timeout = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        using var request = new HttpRequestMessage(method, upstream.At(target));
        RequestHeaders.AddCommon(request);
        var kind = method == HttpMethod.Get ? CallKind.Listing : CallKind.Write;
        new UpstreamCall(upstream, key, grant, FollowRedirects: true, IsMetered: false, kind).AttachTo(request);
        try
        {
            using var response = await transports.For(upstream).SendAsync(request, either.Token);
            return new UpstreamReply<T>(await read(response, either.Token), null);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested
            && fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException or System.Text.Json.JsonException)
        {
            return new UpstreamReply<T>(default, UpstreamErrors.Unanswered(upstream, fault));
        }
    }
}

/// <summary>What came of a request: the answer as it was read, or the error for the client.</summary>
internal readonly record struct UpstreamReply<T>(T? Value, DistributionError? Error);
