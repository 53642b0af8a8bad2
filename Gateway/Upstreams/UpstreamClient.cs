using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>
/// The one way to an upstream, for pulls, pushes, listings and the cache: 1. the upstream's token, which is charged to whoever brings up a
/// new name, 2. the request under its account's limits and breaker, redirects followed, 3. an answer, or the error for the client.
/// </summary>
internal sealed class UpstreamClient(
    UpstreamTokenCache tokens, UpstreamTransports transports, FailingUpstreams failing, TimeProvider time)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>Sends a request and waits for the head of the answer.</summary>
    public async Task<UpstreamResult> Send(
        Upstream upstream, UpstreamRequest request, HttpRequestMessage message, CancellationToken cancellation)
    {
        UpstreamCall? call = null;
        try
        {
            // 1. The token.
            (call, var refused) = await Authorize(upstream, request, cancellation);
            if (call is null)
            {
                return new UpstreamResult(null, refused) { IsUnsent = true };
            }

            if (request.BeforeSending is { } before && await before() is { } prevented)
            {
                return new UpstreamResult(null, prevented) { IsUnsent = true };
            }

            // 2. The request.
            message.RequestUri = upstream.At(request.Target);
            call.AttachTo(message);
            var response = PlainAnswer.Of(await transports.For(upstream).SendAsync(message, cancellation));

            // 3. The answer.
            if (call.Refusal is null && (call.Redirect is not null || request.IsAnswer(response)))
            {
                return new UpstreamResult(response, null) { Redirect = call.Redirect };
            }

            using (response)
            {
                if (call is { Refusal: not null, IsAnswered: false })
                {
                    request.Payer?.SpareName();
                }

                var error = call.Refusal ?? await UpstreamErrors.From(upstream, request.NotFound, response, time, cancellation);
                return new UpstreamResult(null, error)
                {
                    Cause = call.Refusal is null
                        ? FailureCause.Of(UpstreamErrors.CauseOf(upstream, response), HealthHandler.FaultOf(response.StatusCode))
                        : FailureCause.Of(call.Cause, call.Fault),
                    Refused = call.Refusal is null ? RefusedAnswer.Of(upstream, response) : null, IsUnsent = !call.IsSent,
                };
            }
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or TimeoutException or OperationCanceledException)
        {
            return new UpstreamResult(null, UpstreamErrors.Unanswered(upstream, fault))
            {
                Cause = FailureCause.Of(fault), IsUnsent = call is not { IsSent: true }, IsIllegible = UpstreamErrors.IsIllegible(fault),
            };
        }
    }

    /// <summary>The same for answers whose head is all that is wanted, with a total timeout.</summary>
    public async Task<UpstreamResult> SendWithTimeout(
        Upstream upstream, UpstreamRequest request, HttpRequestMessage message, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        return await Send(upstream, request, message, either.Token);
    }

    /// <summary>What a request needs on its way, with the upstream's token; the error for the client when there is none.</summary>
    public async ValueTask<(UpstreamCall? Call, DistributionError? Error)> Authorize(
        Upstream upstream, UpstreamRequest request, CancellationToken cancellation)
    {
        var key = new UpstreamTokenKey(upstream.Name, request.Scope);
        if (request.Payer is { Account: not null } payer && !tokens.IsAtHand(upstream, key) && payer.ChargeName() is { } tooMany)
        {
            return (null, tooMany with { IsOfCaller = true });
        }

        var result = await tokens.Get(upstream, key, cancellation);
        if (UpstreamTokenCache.IsOurs(result))
        {
            request.Payer?.SpareName();
        }

        if (result.Token is { } token)
        {
            var caller = request.Payer?.Key ?? default;
            return (new UpstreamCall(upstream, key, token, request.FollowRedirects, request.IsMetered, request.Kind, caller)
            {
                IsTrial = request.IsTrial,
            }, null);
        }

        TokenFailures.Tell(failing, upstream, key.Scope, result.Failure!);
        return (null, TokenFailures.ErrorOf(upstream, result.Failure!));
    }
}
