using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams.Transport;

/// <summary>
/// Spares an upstream: a request waits up to five seconds for the account's rate limit, waits its turn, is sent once more after a 429 where
/// it can be, and is answered here while the upstream fails. Blob storage behind redirects is another matter and passes.
/// </summary>
internal sealed class AccountHandler : DelegatingHandler
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly UpstreamAccounts _accounts;
    private readonly TimeProvider _time;
    private readonly HttpMessageInvoker _next;

    public AccountHandler(UpstreamAccounts accounts, TimeProvider time, HttpMessageHandler inner)
        : base(inner) => (_accounts, _time, _next) = (accounts, time, new HttpMessageInvoker(inner, disposeHandler: false));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = UpstreamCall.Of(request);
        if (!call.Upstream.IsOrigin(request.RequestUri!))
        {
            return await base.SendAsync(request, cancellationToken);
        }

        call.Client = cancellationToken;
        var account = _accounts.For(call.Upstream);
        var deadline = _time.GetTimestamp() + (long)(LongestWait.TotalSeconds * _time.TimestampFrequency);
        for (var again = false; ; again = true)
        {
            if (!account.Strangers.TryEnter(call.Caller))
            {
                _accounts.CountRefusal(call.Upstream, "queue");
                return call.Refuse(request, Busy(call.Upstream));
            }

            if (await Admit(account, call, deadline, cancellationToken) is { } wait)
            {
                _accounts.CountRefusal(call.Upstream, "rate_limit");
                call.Limit ??= (wait, IsAnswer: false);
                return call.Refuse(request, TooMany(call.Upstream, wait));
            }

            var (response, throttled) = await Send(account, call, request, cancellationToken);
            if (throttled is not { } longer)
            {
                return response;
            }

            call.Limit = (longer, IsAnswer: true);
            response.Dispose();
            if (again || !MayRepeat(request))
            {
                return call.Refuse(request, TooMany(call.Upstream, longer));
            }
        }
    }

    private static async ValueTask<TimeSpan?> Admit(
        UpstreamAccount account, UpstreamCall call, long deadline, CancellationToken cancellation)
    {
        try
        {
            return await account.Budget.Admit(call.Kind, call.IsMetered, deadline, cancellation);
        }
        finally
        {
            account.Strangers.Leave(call.Caller);
        }
    }

    private async Task<(HttpResponseMessage Response, TimeSpan? Throttled)> Send(
        UpstreamAccount account, UpstreamCall call, HttpRequestMessage request, CancellationToken cancellation)
    {
        var isAnswered = false;
        try
        {
            var response = await SendCounted(account, call, request, cancellation);
            isAnswered = call.Refusal is null;
            call.IsAnswered |= isAnswered;
            return (response, call.Refusal is not null ? null : account.Budget.Observe(response, call.Kind, call.IsMetered));
        }
        finally
        {
            account.Budget.Done(call.IsMetered, isAnswered);
        }
    }

    private async Task<HttpResponseMessage> SendCounted(
        UpstreamAccount account, UpstreamCall call, HttpRequestMessage request, CancellationToken cancellation)
    {
        // An upload is answered when its body is over: as long as that it must not keep the place of those that wait for a head.
        var queue = call.Kind == CallKind.Pull ? account.Pulls : MayRepeat(request) ? account.Others : null;
        if (queue is not null && !await queue.Enter(call.Caller, cancellation))
        {
            _accounts.CountRefusal(call.Upstream, "queue");
            return call.Refuse(request, Busy(call.Upstream));
        }

        try
        {
            if (await account.Breaker.Send(new(request, call.Key.Scope, _next), call.Kind, cancellation) is { } response)
            {
                return response;
            }
        }
        finally
        {
            queue?.Leave(call.Caller);
        }

        _accounts.CountRefusal(call.Upstream, "breaker");
        return call.Refuse(request, Failing(call.Upstream));
    }

    private static bool MayRepeat(HttpRequestMessage request) => request.Method == HttpMethod.Get || request.Method == HttpMethod.Head;

    private static DistributionError TooMany(Upstream upstream, TimeSpan wait)
    {
        var seconds = (int)Math.Max(1, Math.Ceiling(wait.TotalSeconds));
        return DistributionError.TooManyRequests(
            $"upstream '{upstream.Name}' allows no more pulls for {seconds} s; an account with a higher limit goes into " +
            $"upstreams.{upstream.Name}.credentials", seconds);
    }

    private static DistributionError Busy(Upstream upstream) =>
        DistributionError.Unavailable(
            503, $"upstream '{upstream.Name}' is too slow for all that ask at once", 5) with { IsOfCaller = true };

    private static DistributionError Failing(Upstream upstream) =>
        DistributionError.Unavailable(503, $"upstream '{upstream.Name}' fails at the moment and is left alone until it answers again", 1);
}
