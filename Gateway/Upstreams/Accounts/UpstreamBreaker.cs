using System.Net;
using Polly;
using Polly.CircuitBreaker;
using RegistryProxy.Egress;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>
/// Stops asking an upstream that fails: when half of at least ten pulls within two seconds got no answer or a 502, 503 or 504, everything is
/// answered here until a single try, half a second later at the earliest, succeeds. Uploads do not count, since their failures may be the
/// client's.
/// </summary>
internal sealed class UpstreamBreaker
{
    private static readonly TimeSpan Break = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest <c>Retry-After</c> of a failing upstream that is kept to.</summary>
    private static readonly TimeSpan LongestBreak = TimeSpan.FromSeconds(10);

    private readonly CircuitBreakerStateProvider _state = new();
    private readonly StallWatch _watch;
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    private readonly TimeProvider _time;

    public UpstreamBreaker(TimeProvider time, Action<bool> changed)
    {
        (_time, _watch) = (time, new StallWatch(time));
        _pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                FailureRatio = 0.5,
                MinimumThroughput = 10,
                SamplingDuration = TimeSpan.FromSeconds(2),
                BreakDuration = Break,
                BreakDurationGenerator = _ => new(NextBreak()),
                StateProvider = _state,
                ShouldHandle = arguments => new(IsFailure(arguments.Outcome)),
                OnOpened = _ => Tell(true),
                OnClosed = _ => Tell(false),
            })
            .Build();

        ValueTask Tell(bool open)
        {
            changed(open);
            return ValueTask.CompletedTask;
        }
    }

    private long _askedToWaitUntil;

    private bool IsSuspect => _state.CircuitState != CircuitState.Closed;

    /// <summary>The answer, or <c>null</c> when the upstream is left alone.</summary>
    public async Task<HttpResponseMessage?> Send(
        HttpRequestMessage request, Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> send, CancellationToken cancellation)
    {
        if (!(request.Method == HttpMethod.Get || request.Method == HttpMethod.Head))
        {
            return _state.CircuitState == CircuitState.Open ? null : await send(request, cancellation);
        }

        var context = ResilienceContextPool.Shared.Get(cancellation);
        var outcome = await _pipeline.ExecuteOutcomeAsync(
            static async (_, call) =>
            {
                try
                {
                    return Outcome.FromResult(await call.Breaker.Watch(call.Request, call.Send, call.Cancellation));
                }
                catch (Exception fault)
                {
                    return Outcome.FromException<HttpResponseMessage>(fault);
                }
            },
            context,
            (Breaker: this, Request: request, Send: send, Cancellation: cancellation));
        ResilienceContextPool.Shared.Return(context);
        if (outcome.Exception is BrokenCircuitException)
        {
            return null;
        }

        outcome.ThrowIfException();
        return outcome.Result;
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
        var asked = TimeSpan.FromTicks(Volatile.Read(ref _askedToWaitUntil) - _time.GetUtcNow().UtcTicks);
        return asked < Break ? Break : asked > LongestBreak ? LongestBreak : asked;
    }

    private static bool IsFailure(Outcome<HttpResponseMessage> outcome) => outcome switch
    {
        { Exception: OperationCanceledException } => false,
        { Exception: HttpRequestException or IOException or TimeoutException } => true,
        { Result.StatusCode: HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout } => true,
        _ => false,
    };
}
