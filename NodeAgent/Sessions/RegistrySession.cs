using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Telemetry;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>
/// The session of this node at one front door, in memory alone. One exchange serves everybody who asks meanwhile; from half of its life on
/// a new one is fetched behind the back of those who get the old one.
/// </summary>
internal sealed partial class RegistrySession(
    RegistryTokenClient registry, IIdentity identity, AgentMetrics metrics, TimeProvider time, ILogger<RegistrySession> logger)
{
    private static readonly TimeSpan FailureServes = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly SingleFlight<Outcome<RegistryCredential>> _exchange = new();
    private HeldCredential? _current;
    private (Outcome<RegistryCredential> Outcome, TimeSpan At)? _failure;

    /// <summary>How long a proof may take.</summary>
    public TimeSpan Timeout => identity.Timeout;

    /// <summary>A credential that counts now.</summary>
    public async ValueTask<Outcome<RegistryCredential>> Get(CancellationToken cancellation)
    {
        Task<Outcome<RegistryCredential>> exchange;
        lock (_lock)
        {
            var failedLately = _failure is { } last && time.GetSteadyNow() - last.At < FailureServes;
            if (_current is { } current && current.IsUsable(time))
            {
                if (current.IsDue(time) && !failedLately)
                {
                    _exchange.Join(Exchange);
                }

                return current.Credential;
            }

            if (failedLately)
            {
                return _failure!.Value.Outcome;
            }

            exchange = _exchange.Join(Exchange);
        }

        return await exchange.WaitAsync(cancellation);
    }

    /// <summary>
    /// A credential that the front door takes at this moment: who hands it on to others does not hear from them when it was refused. Where
    /// the front door does not answer, the one that counts as far as this node knows.
    /// </summary>
    public async ValueTask<Outcome<RegistryCredential>> GetConfirmed(CancellationToken cancellation)
    {
        var asked = time.GetSteadyNow();
        var known = await Get(cancellation);
        if (!known.Succeeded(out var current, out _) || IsMadeSince(current, asked))
        {
            return known;
        }

        var answer = await registry.AccessToken(current, HttpOrigin.Of(registry.Url).Host, "", cancellation);
        if (answer.Succeeded(out _, out var failure) || failure.Kind != FailureKind.Refused)
        {
            return current;
        }

        Forget(current);
        return await Get(cancellation);
    }

    /// <summary>The front door did not take this credential: whoever comes next proves anew, if nobody did meanwhile.</summary>
    public void Forget(RegistryCredential used)
    {
        lock (_lock)
        {
            if (_current?.Credential == used)
            {
                _current = null;
            }
        }
    }

    private bool IsMadeSince(RegistryCredential credential, TimeSpan moment)
    {
        lock (_lock)
        {
            return _current is { } current && current.Credential == credential && current.Since >= moment;
        }
    }

    private async Task<Outcome<RegistryCredential>> Exchange()
    {
        await Task.Yield();
        var outcome = await Prove();
        var succeeded = outcome.Succeeded(out var made, out var failure);
        lock (_lock)
        {
            _current = made is null ? _current : new HeldCredential(made, time.GetSteadyNow());
            _failure = succeeded ? null : (outcome, time.GetSteadyNow());
        }

        metrics.Exchanged(registry.Authority, succeeded);
        if (made is not null)
        {
            LogMade(registry.Authority, made.Expires);
        }
        else
        {
            LogFailed(registry.Authority, failure!.Message);
        }

        return outcome;
    }

    /// <summary>What no identity expects to happen is told like the rest: everybody who waits needs an answer.</summary>
    private async Task<Outcome<RegistryCredential>> Prove()
    {
        using var limit = new CancellationTokenSource(identity.Timeout, time);
        try
        {
            return await identity.LogIn(registry, limit.Token);
        }
        catch (Exception fault)
        {
            return RegistryFailure.Unavailable($"the login at {registry.Authority} failed: {Words(fault)}");
        }
    }

    private string Words(Exception fault) =>
        fault is OperationCanceledException ? $"no answer within {identity.Timeout.TotalSeconds:0} s" : fault.Message;

    [LoggerMessage(Level = LogLevel.Information, Message = "The session at {Door} is valid until {Expires:u}")]
    private partial void LogMade(string door, DateTimeOffset expires);

    [LoggerMessage(Level = LogLevel.Warning, Message = "No session at {Door}: {Why}")]
    private partial void LogFailed(string door, string why);
}
