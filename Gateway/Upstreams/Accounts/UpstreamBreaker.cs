using System.Net;
using Polly;
using Polly.CircuitBreaker;
using RegistryProxy.Egress;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Stops asking an upstream that fails: when half of at least ten pulls within two seconds got no answer or a 502, 503 or 504, everything is
/// answered here until a single try, half a second later at the earliest, succeeds. Only what the upstream did counts: neither uploads, whose
/// failures may be the client's, nor requests that were given up by their client or never sent; nor listings, which are slow by nature. An
/// answer that fails or does not come is about some repositories while others are answered, and about one until another one fails, too.
/// </summary>
internal sealed class UpstreamBreaker
{
    private static readonly TimeSpan Break = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest <c>Retry-After</c> of a failing upstream that is kept to.</summary>
    private static readonly TimeSpan LongestBreak = TimeSpan.FromSeconds(10);

    /// <summary>What came of a try is no word on the upstream: the next request tries in its place.</summary>
    private static readonly ResiliencePropertyKey<bool> IsVoid = new("registryproxy.void");

    private readonly CircuitBreakerStateProvider _state = new();
    private readonly FailingRepositories _failing;
    private readonly StallWatch _watch;
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    private readonly TimeProvider _time;

    public UpstreamBreaker(TimeProvider time, Action<bool> changed)
    {
        (_time, _watch, _failing) = (time, new StallWatch(time), new FailingRepositories(time));
        _pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                FailureRatio = 0.5,
                MinimumThroughput = 10,
                SamplingDuration = TimeSpan.FromSeconds(2),
                BreakDuration = Break,
                BreakDurationGenerator = arguments => new(WasVoid(arguments.Context) ? TimeSpan.Zero : NextBreak()),
                StateProvider = _state,
                ShouldHandle = arguments => new(WasVoid(arguments.Context)
                    ? _state.CircuitState != CircuitState.Closed
                    : arguments.Outcome.Exception is not null || IsFailure(arguments.Outcome.Result!.StatusCode)),
                OnOpened = arguments => WasVoid(arguments.Context) ? ValueTask.CompletedTask : Tell(true),
                OnClosed = _ => Tell(false),
            })
            .Build();

        ValueTask Tell(bool open)
        {
            changed(open);
            return ValueTask.CompletedTask;
        }
    }

    private static bool WasVoid(ResilienceContext context) => context.Properties.TryGetValue(IsVoid, out var isVoid) && isVoid;

    private SlowTry? _slow;
    private long _askedToWaitUntil;
    private long _leftAloneUntil;

    private bool IsSuspect => _state.CircuitState != CircuitState.Closed;

    /// <summary>The answer, or <c>null</c> when the upstream is left alone.</summary>
    public async Task<HttpResponseMessage?> Send(
        HttpRequestMessage request, CallKind kind, string scope, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send,
        CancellationToken cancellation)
    {
        if (kind != CallKind.Pull)
        {
            return IsLeftAlone ? null : await SendUncounted(request, send, cancellation);
        }

        return _state.CircuitState == CircuitState.Closed ? await SendCounted(request, scope, send, cancellation)
            : Volatile.Read(ref _slow) is { } slow && slow.Is(scope, _time) ? null
            : await SendTry(request, scope, send, cancellation);
    }

    /// <summary>When nobody pulls nobody tries: then the others go on after the break.</summary>
    private bool IsLeftAlone => _state.CircuitState == CircuitState.Open && _time.GetUtcNow().UtcTicks < Volatile.Read(ref _leftAloneUntil);

    private async Task<HttpResponseMessage> SendUncounted(
        HttpRequestMessage request, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, CancellationToken cancellation)
    {
        if (!(request.Method == HttpMethod.Get || request.Method == HttpMethod.Head))
        {
            return await send(request, cancellation);
        }

        using var limit = new CancellationTokenSource(StallWatch.Alone, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await send(request, either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException("no answer in time");
        }
    }

    private async Task<HttpResponseMessage?> SendCounted(
        HttpRequestMessage request, string scope, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, CancellationToken cancellation)
    {
        var asked = _time.GetTimestamp();
        try
        {
            var response = await Watch(request, send, cancellation);
            if (CountsOrIsWell(response.StatusCode, scope, asked))
            {
                await Count(Outcome.FromResult(response));
            }

            return response;
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested && Counts(fault, scope))
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
    /// The single try goes on when its client leaves: it is about the upstream, and one who asks and leaves all the time must not keep it from
    /// being found well again.
    /// </summary>
    private async Task<HttpResponseMessage?> SendTry(
        HttpRequestMessage request, string scope, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, CancellationToken cancellation)
    {
        var trying = Try(request, scope, send);
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

    private async Task<HttpResponseMessage?> Try(
        HttpRequestMessage request, string scope, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send)
    {
        var context = ResilienceContextPool.Shared.Get();
        var outcome = await _pipeline.ExecuteOutcomeAsync(
            static async (context, call) =>
            {
                var asked = call.Breaker._time.GetTimestamp();
                try
                {
                    var response = await call.Breaker.Watch(call.Request, call.Send, CancellationToken.None);
                    call.Breaker.Judge(context, call.Breaker.CountsOrIsWell(response.StatusCode, call.Scope, asked), call.Scope, asked);
                    return Outcome.FromResult(response);
                }
                catch (Exception fault)
                {
                    call.Breaker.Judge(context, call.Breaker.Counts(fault, call.Scope), call.Scope, asked);
                    return Outcome.FromException<HttpResponseMessage>(fault);
                }
            },
            context,
            (Breaker: this, Request: request, Scope: scope, Send: send));
        ResilienceContextPool.Shared.Return(context);
        if (outcome.Exception is BrokenCircuitException)
        {
            return null;
        }

        outcome.ThrowIfException();
        return outcome.Result;
    }

    /// <summary>What says nothing of the upstream is no try; when it kept the others waiting, its repository gets no other one for a while.</summary>
    private void Judge(ResilienceContext context, bool isWord, string scope, long asked)
    {
        context.Properties.Set(IsVoid, !isWord);
        if (!isWord && _time.GetElapsedTime(asked) >= Break)
        {
            Volatile.Write(ref _slow, new SlowTry(scope, _time.GetTimestamp()));
        }
    }

    private async Task<HttpResponseMessage> Watch(
        HttpRequestMessage request, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, CancellationToken cancellation)
    {
        var response = await _watch.Watch(token => send(request, token), () => IsSuspect, cancellation);
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable && RetryAfter.Of(response, _time.GetUtcNow()) is { } wait)
        {
            Volatile.Write(ref _askedToWaitUntil, _time.GetUtcNow().Add(wait).UtcTicks);
        }

        return response;
    }

    private TimeSpan NextBreak()
    {
        var now = _time.GetUtcNow();
        var asked = TimeSpan.FromTicks(Volatile.Read(ref _askedToWaitUntil) - now.UtcTicks);
        var longest = asked < Break ? Break : asked > LongestBreak ? LongestBreak : asked;
        Volatile.Write(ref _leftAloneUntil, (now + longest).UtcTicks);
        return longest;
    }

    /// <summary>Whether an answer says something of the upstream.</summary>
    private bool CountsOrIsWell(HttpStatusCode status, string scope, long asked)
    {
        if (IsFailure(status))
        {
            return _failing.Note(scope);
        }

        _failing.Answered(scope, asked);
        return true;
    }

    /// <summary>Whether a fault is one of the upstream; when it only took too long, it is one of several repositories.</summary>
    private bool Counts(Exception fault, string scope)
    {
        if (fault is TimeoutException || !IsFailure(fault))
        {
            return fault is TimeoutException && _failing.Note(scope);
        }

        _failing.Unreachable();
        return true;
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
        _ => false,
    };

    /// <summary>A try that was none and took its time.</summary>
    private sealed record SlowTry(string Scope, long At)
    {
        public bool Is(string scope, TimeProvider time) => FailingRepositories.RepositoryOf(Scope).SequenceEqual(FailingRepositories.RepositoryOf(scope)) && time.GetElapsedTime(At) < LongestBreak;
    }
}
