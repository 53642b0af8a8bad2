using RegistryProxy.Background;
using RegistryProxy.Egress;

namespace RegistryProxy.Grains.Identity.Issuers;

/// <summary>
/// What an issuer says, kept for an hour, and asked for once for all who want it. After a failure it is not asked again for a while, and
/// what is known goes on being used.
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
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);

    private readonly SingleFlight<Known> _flight = new();
    private volatile Known _known = new(first, first is null ? default : time.GetSteadyNow(), default, "");

    /// <summary>Why the last question had no answer; for operators.</summary>
    public string Problem => _known.Problem;

    /// <summary>What is known; <c>null</c> when it never was and cannot be had now.</summary>
    /// <param name="willDo">Whether what is known will do, however fresh it is.</param>
    /// <param name="cancellation">Ends the waiting, not the question.</param>
    public async ValueTask<T?> Get(Func<T, bool> willDo, CancellationToken cancellation) =>
        (IsDue(willDo) ? await _flight.Join(() => IsDue(willDo) ? Fetch() : Task.FromResult(_known)).WaitAsync(cancellation)
            : _known).Value;

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
                NextTry = now + AfterFailure,
                Problem = (fault.Causes().OfType<ProxyException>().FirstOrDefault() ?? fault.InnerException ?? fault).Message
            };
        }
    }

    private sealed record Known(T? Value, TimeSpan Asked, TimeSpan NextTry, string Problem);
}
