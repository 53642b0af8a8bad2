using System.Net;
using Polly;
using Polly.CircuitBreaker;
using RegistryProxy.Background;
using RegistryProxy.Egress;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Stops asking an upstream that fails: when half of at least ten pulls within two seconds got no answer or a 502, 503 or 504, everything
/// is answered here until a single try, half a second later at the earliest, succeeds. Only what the upstream did counts: neither uploads,
/// whose failures may be the client's, nor requests that were given up by their client or never sent; nor listings, which are slow by
/// nature. An answer that fails or does not come is about some repositories while others are answered; when few fail and nothing else is
/// asked, the host itself is asked whether it answers, and only if it does not it is about the upstream.
/// </summary>
internal sealed class UpstreamBreaker
{
    private static readonly TimeSpan Break = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest <c>Retry-After</c> of a failing upstream that is kept to.</summary>
    private static readonly TimeSpan LongestBreak = TimeSpan.FromSeconds(10);

    /// <summary>When nobody has tried for so long it is not known to fail any more.</summary>
    private static readonly TimeSpan Unasked = TimeSpan.FromHours(1);

    /// <summary>What came of a try is no word on the upstream: the next request tries in its place.</summary>
    private static readonly ResiliencePropertyKey<bool> IsVoid = new("registryproxy.void");

    /// <summary>What came of a try is about its repository, and the host is well.</summary>
    private static readonly ResiliencePropertyKey<bool> IsWell = new("registryproxy.well");

    private readonly CircuitBreakerStateProvider _state = new();
    private readonly FailingRepositories _failing;
    private readonly HostProbe _host;
    private readonly StallWatch _watch;
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    private readonly TimeProvider _time;

    public UpstreamBreaker(TimeProvider time, Action<bool> changed)
    {
        (_time, _host, _failing) = (time, new HostProbe(time), new FailingRepositories(time));
        _watch = new StallWatch(_host, () => IsSuspect, time);
        _pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                FailureRatio = 0.5,
                MinimumThroughput = 10,
                SamplingDuration = TimeSpan.FromSeconds(2),
                BreakDuration = Break,
                BreakDurationGenerator = arguments => new(Was(IsVoid, arguments.Context) ? TimeSpan.Zero : NextBreak()),
                StateProvider = _state,
                ShouldHandle = arguments => new(Was(IsVoid, arguments.Context)
                    ? _state.CircuitState != CircuitState.Closed
                    : !Was(IsWell, arguments.Context)
                        && (arguments.Outcome.Exception is not null || IsFailure(arguments.Outcome.Result!.StatusCode))),
                OnOpened = arguments => Was(IsVoid, arguments.Context) ? ValueTask.CompletedTask : Tell(true),
                OnClosed = _ => Tell(false),
            })
            .Build();

        ValueTask Tell(bool open)
        {
            changed(open);
            return ValueTask.CompletedTask;
        }
    }

    private static bool Was(ResiliencePropertyKey<bool> property, ResilienceContext context) =>
        context.Properties.TryGetValue(property, out var was) && was;

    private long _askedToWaitUntil;
    private long _leftAloneUntil;

    /// <summary>Whether the upstream is left alone, and somebody has wanted it within the last hour.</summary>
    public bool IsOpen => IsSuspect && _time.GetSteadyNow() - TimeSpan.FromTicks(Volatile.Read(ref _leftAloneUntil)) < Unasked;

    private bool IsSuspect => _state.CircuitState != CircuitState.Closed;

    /// <summary>The answer, or <c>null</c> when the upstream is left alone.</summary>
    public async Task<HttpResponseMessage?> Send(UpstreamQuestion question, CallKind kind, CancellationToken cancellation)
    {
        if (kind != CallKind.Pull)
        {
            return IsLeftAlone ? null : await SendUncounted(question, cancellation);
        }

        return _state.CircuitState == CircuitState.Closed ? await SendCounted(question, cancellation)
            : await SendTry(question, cancellation);
    }

    /// <summary>When nobody pulls nobody tries: then the others go on after the break.</summary>
    private bool IsLeftAlone => _state.CircuitState == CircuitState.Open && _time.GetSteadyNow().Ticks < Volatile.Read(ref _leftAloneUntil);

    private async Task<HttpResponseMessage> SendUncounted(UpstreamQuestion question, CancellationToken cancellation)
    {
        var request = question.Request;
        if (!(request.Method == HttpMethod.Get || request.Method == HttpMethod.Head))
        {
            return await question.Next.SendAsync(request, cancellation);
        }

        using var limit = new CancellationTokenSource(StallWatch.Alone, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await question.Next.SendAsync(request, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException("no answer in time");
        }
    }

    private async Task<HttpResponseMessage> SendCounted(UpstreamQuestion question, CancellationToken cancellation)
    {
        var asked = _time.GetTimestamp();
        try
        {
            var response = await Watch(question, cancellation);
            if (IsFailure(response.StatusCode) ? Counts(SpreadOf(null, question), question) : Answered(question, asked))
            {
                await Count(Outcome.FromResult(response));
            }

            return response;
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested && IsFailure(fault)
            && Counts(SpreadOf(fault, question), question))
        {
            await Count(Outcome.FromException<HttpResponseMessage>(fault));
            throw;
        }
    }

    /// <summary>Only now, so that what says nothing of the upstream is not counted as a success either.</summary>
    private async ValueTask Count(Outcome<HttpResponseMessage> outcome)
    {
        var context = ResilienceContextPool.Shared.Get();
        await _pipeline.ExecuteOutcomeAsync(static (_, outcome) => new ValueTask<Outcome<HttpResponseMessage>>(outcome), context, outcome);
        ResilienceContextPool.Shared.Return(context);
    }

    /// <summary>
    /// The single try goes on when its client leaves: it is about the upstream, and one who asks and leaves all the time must not keep it
    /// from being found well again.
    /// </summary>
    private async Task<HttpResponseMessage?> SendTry(UpstreamQuestion question, CancellationToken cancellation)
    {
        var trying = Try(question);
        try
        {
            return await trying.WaitAsync(cancellation);
        }
        catch (OperationCanceledException) when (!trying.IsCompleted)
        {
            _ = Leave(trying);
            throw;
        }
    }

    /// <summary>Nobody reads the answer of a try whose client has gone.</summary>
    private static async Task Leave(Task<HttpResponseMessage?> trying)
    {
        await ((Task)trying).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (trying.IsCompletedSuccessfully)
        {
            (await trying)?.Dispose();
        }
    }

    private async Task<HttpResponseMessage?> Try(UpstreamQuestion question)
    {
        var context = ResilienceContextPool.Shared.Get();
        var outcome = await _pipeline.ExecuteOutcomeAsync(
            static async (context, call) =>
            {
                var asked = call.Breaker._time.GetTimestamp();
                try
                {
                    var response = await call.Breaker.Watch(call.Question, CancellationToken.None);
                    await call.Breaker.Classify(context, call.Question, IsFailure(response.StatusCode), null, asked);
                    return Outcome.FromResult(response);
                }
                catch (Exception fault)
                {
                    await call.Breaker.Classify(context, call.Question, true, fault, asked);
                    return Outcome.FromException<HttpResponseMessage>(fault);
                }
            },
            context,
            (Breaker: this, Question: question));
        ResilienceContextPool.Shared.Return(context);
        if (outcome.Exception is BrokenCircuitException)
        {
            return null;
        }

        outcome.ThrowIfException();
        return outcome.Result;
    }

    /// <summary>
    /// What a try says of the upstream: nothing, if it was never sent; and if it failed the host has its say, unless it is plain.
    /// </summary>
    private async ValueTask Classify(ResilienceContext context, UpstreamQuestion question, bool fails, Exception? fault, long asked)
    {
        if (!fails)
        {
            Answered(question, asked);
        }
        else if (fault is not null && !IsFailure(fault))
        {
            context.Properties.Set(IsVoid, true);
        }
        else if (SpreadOf(fault, question) != FailureSpread.Wide)
        {
            context.Properties.Set(IsWell, !await _host.Fails(question, _watch.HostTimeout));
        }
    }

    private async Task<HttpResponseMessage> Watch(UpstreamQuestion question, CancellationToken cancellation)
    {
        var response = await _watch.Watch(question, cancellation);
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable && RetryAfter.Of(response, _time.GetUtcNow()) is { } wait)
        {
            Volatile.Write(ref _askedToWaitUntil, _time.GetSteadyNow().Add(wait).Ticks);
        }

        return response;
    }

    private TimeSpan NextBreak()
    {
        var now = _time.GetSteadyNow();
        var asked = TimeSpan.FromTicks(Volatile.Read(ref _askedToWaitUntil)) - now;
        var longest = asked < Break ? Break : asked > LongestBreak ? LongestBreak : asked;
        Volatile.Write(ref _leftAloneUntil, (now + longest).Ticks);
        return longest;
    }

    /// <summary>An answer says something of the upstream.</summary>
    private bool Answered(UpstreamQuestion question, long asked)
    {
        _failing.Answered(question.Scope, asked);
        return true;
    }

    /// <summary>How far a failure is spread; what keeps a connection from being made is the host's, whoever asked for what.</summary>
    private FailureSpread SpreadOf(Exception? fault, UpstreamQuestion question)
    {
        if (fault is null || !IsOfHost(fault))
        {
            return _failing.Note(question.Scope);
        }

        _failing.Unreachable();
        return FailureSpread.Wide;
    }

    /// <summary>
    /// Whether a failure is the upstream's. The host has its say in what may be of few repositories: nobody waits for that.
    /// </summary>
    private bool Counts(FailureSpread spread, UpstreamQuestion question)
    {
        if (spread != FailureSpread.Narrow)
        {
            return spread == FailureSpread.Wide;
        }

        var asking = _host.Fails(question, _watch.HostTimeout);
        return asking.IsCompletedSuccessfully ? asking.Result : _host.HasFailed;
    }

    /// <summary>Whether a status says that the upstream cannot answer.</summary>
    public static bool IsFailure(HttpStatusCode status) =>
        status is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    /// <summary>
    /// Whether it is the upstream's: no connection, none to the end, no answer in time. Without a cause and a kind it is a request that
    /// HttpClient refused to send, and an address that may not be dialled never was.
    /// </summary>
    public static bool IsFailure(Exception fault) => fault switch
    {
        HttpRequestException { InnerException: ForbiddenAddressException } => false,
        HttpRequestException { InnerException: null, HttpRequestError: HttpRequestError.Unknown } => false,
        HttpRequestException or IOException or TimeoutException => true,
        _ => IsConnectTimeout(fault),
    };

    /// <summary>
    /// Whether there was no connection at all: no name, no route, no handshake, no tunnel. An answer that is not HTTP is one of a
    /// repository, also through a proxy.
    /// </summary>
    public static bool IsOfHost(Exception fault) =>
        IsConnectTimeout(fault) || (ExchangeFault.Of(fault).Kind is "name" or "connect" or "tls" or "proxy"
        && !fault.Causes().Any(cause => cause is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }));

    /// <summary>The form that HttpClient gives to a connection that was not made in time.</summary>
    private static bool IsConnectTimeout(Exception fault) => fault is OperationCanceledException { InnerException: TimeoutException };
}
