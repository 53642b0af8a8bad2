using RegistryProxy.Background;
using RegistryProxy.Egress;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>
/// What an issuer says, asked for again after an hour, once for all who want it. Nobody waits for that who can do with what is known, while
/// that is less than two hours old or the issuer fails. After a failure it is not asked again for a while.
/// </summary>
/// <param name="ask">Asks the issuer.</param>
/// <param name="time">The time.</param>
/// <param name="first">What is known from the start; <c>null</c> for nothing.</param>
/// <param name="server">What is told of how the issuer fares; <c>null</c> for nothing.</param>
/// <param name="question">What is asked, in a word: how one question fares says nothing of another.</param>
internal sealed class IssuerAnswer<T>(
    Func<CancellationToken, Task<T>> ask, TimeProvider time, T? first = null, ServiceOutages.ServiceOutage? server = null,
    string question = "")
    where T : class
{
    /// <summary>From one question to the next when what is known will not do.</summary>
    private static readonly TimeSpan MinPeriod = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    /// <summary>What is older has not been wanted for long, and may have been taken back since.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromHours(2);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly SingleFlight<Known> _flight = new();
    private volatile Known _known = new(first, first is null ? default : time.GetSteadyNow(), default, "");

    /// <summary>Why the last question had no answer; for operators.</summary>
    public string Problem => _known.Problem;

    /// <summary>What is known; <c>null</c> when it never was and cannot be had now.</summary>
    /// <param name="willDo">Whether what is known will do, however fresh it is.</param>
    /// <param name="cancellation">Ends the waiting, not the question.</param>
    public async ValueTask<T?> Get(Func<T, bool> willDo, CancellationToken cancellation) => (await Ask(willDo, cancellation)).Value;

    /// <summary>The same, and whether the issuer answers.</summary>
    public async ValueTask<Answer> Ask(Func<T, bool> willDo, CancellationToken cancellation)
    {
        var known = IsDue(willDo) ? await Next(willDo, cancellation) : _known;
        return new Answer(known.Value, known.Problem.Length > 0);
    }

    private async ValueTask<Known> Next(Func<T, bool> willDo, CancellationToken cancellation)
    {
        var question = _flight.Join(() => IsDue(willDo) ? Fetch() : Task.FromResult(_known));
        var known = _known;
        var canDo = known.Value is { } value && willDo(value)
            && (known.Problem.Length > 0 || time.GetSteadyNow() < known.Asked + Stale);
        return canDo ? known : await question.WaitAsync(cancellation);
    }

    private bool IsDue(Func<T, bool> willDo)
    {
        var (known, now) = (_known, time.GetSteadyNow());
        return now >= known.NextTry
            && (known.Value is not { } value || now >= known.Asked + Life || (now >= known.Asked + MinPeriod && !willDo(value)));
    }

    private async Task<Known> Fetch()
    {
        var now = time.GetSteadyNow();
        using var limit = new CancellationTokenSource(IssuerDocuments.Timeout, time);
        try
        {
            var answer = await ask(limit.Token);
            server?.Answered(question);
            return _known = new Known(answer, now, now, "");
        }
        catch (Exception fault)
        {
            server?.Failed(fault, question);
            return _known = _known with
            {
                NextTry = time.GetSteadyNow() + AfterFailure,
                Problem = (fault.Causes().OfType<ProxyException>().FirstOrDefault() ?? fault.InnerException ?? fault).Message
            };
        }
    }

    /// <summary>What is known, and how well.</summary>
    /// <param name="Value">What is known; <c>null</c> for nothing.</param>
    /// <param name="IsFailing">Whether it did not answer the last question.</param>
    internal readonly record struct Answer(T? Value, bool IsFailing);

    private sealed record Known(T? Value, TimeSpan Asked, TimeSpan NextTry, string Problem);
}
