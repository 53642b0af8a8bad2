using Microsoft.Extensions.Logging;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Throttling;

namespace RegistryProxy.Grains.Login;

/// <summary>
/// Has a login decided within its time. A fault becomes an answer here and not an exception: what a directory, a provider or a verifier
/// counted already must not look to the gateway as if it could be asked for again.
/// </summary>
internal sealed partial class LoginVerifier(TimeProvider time, ILogger<LoginVerifier> logger)
{
    /// <summary>A login as a whole, whatever it waits for: when its time is over that is its answer.</summary>
    public async ValueTask<LoginResult> Within(
        TimeSpan whole, Func<CancellationToken, ValueTask<LoginResult>> login, CancellationToken cancellation)
    {
        using var limit = new LoginLimit(whole, time, cancellation);
        try
        {
            return await login(limit.Token);
        }
        catch (OperationCanceledException) when (limit.IsOver && !cancellation.IsCancellationRequested)
        {
            return AccessTokenIssuer.Failure(Verdict.Unavailable("this login takes too long"));
        }
    }

    /// <summary>
    /// The verdict, within <see cref="LoginTimes.Proof"/>. The try is charged first, and given back when it costs nobody anything.
    /// </summary>
    public async ValueTask<Verdict> Verify(
        Func<CancellationToken, ValueTask<LoginAttempt?>> begin, Func<CancellationToken, ValueTask<Verdict>> verify,
        CancellationToken cancellation)
    {
        using var limit = new LoginLimit(LoginTimes.Proof, time, cancellation);
        try
        {
            using var attempt = await begin(limit.Token);
            return attempt is null ? Verdict.TooMany : Settle(attempt, await Decide(verify, limit, cancellation));
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            return Undecided(fault, limit);
        }
    }

    /// <summary>The same of credential text, which whoever shows it made himself: what cannot be read is refused.</summary>
    public ValueTask<Verdict> JudgeText(
        Func<CancellationToken, ValueTask<LoginAttempt?>> begin, Func<CancellationToken, ValueTask<Verdict>> verify,
        CancellationToken cancellation)
    {
        return Verify(begin, Read, cancellation);

        async ValueTask<Verdict> Read(CancellationToken stop)
        {
            try
            {
                return await verify(stop);
            }
            catch (Exception fault) when (UnreadableText.Is(fault))
            {
                if (UnreadableText.IsOurs(fault))
                {
                    LogFault(fault);
                }

                LogUnreadable(fault);
                return Verdict.Refused("the credential cannot be read");
            }
        }
    }

    /// <summary>Whoever must decide and fails has not said that it was a guess.</summary>
    private async ValueTask<Verdict> Decide(
        Func<CancellationToken, ValueTask<Verdict>> verify, LoginLimit limit, CancellationToken cancellation)
    {
        try
        {
            return await verify(limit.Token);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            return Undecided(fault, limit);
        }
    }

    private Verdict Undecided(Exception fault, LoginLimit limit)
    {
        if (limit.IsOver)
        {
            return Verdict.Unavailable("the authenticator did not decide within the time limit");
        }

        LogFault(fault);
        return Verdict.Unavailable("this login cannot be decided now");
    }

    private static Verdict Settle(LoginAttempt attempt, Verdict verdict)
    {
        switch (verdict.Kind)
        {
            case VerdictKind.Proved:
                attempt.Succeed();
                break;
            case VerdictKind.Busy:
                attempt.Forgive();
                break;
            case VerdictKind.Unavailable when !verdict.MayBeCounted:
                attempt.Leave();
                break;
        }

        return verdict;
    }

    /// <summary>What follows from a verdict, within the time of the login.</summary>
    public async ValueTask<LoginResult> Conclude(Func<ValueTask<LoginResult>> conclude, CancellationToken cancellation)
    {
        try
        {
            return await conclude();
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            LogFault(fault);
            return AccessTokenIssuer.Failure(Verdict.Unavailable($"this session cannot be opened now: {Reason(fault)}"));
        }
    }

    /// <summary>For whoever is refused, and whom they ask: no text of a library.</summary>
    private static string Reason(Exception fault) => fault switch
    {
        StateRefusedException => "its stored state is refused, the log of the silo says why",
        StateUnavailableException => "the storage of its state does not respond",
        TimeoutException or OrleansException => "a silo does not answer",
        _ => "the log of the silo says why",
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "A login could not be decided")]
    private partial void LogFault(Exception fault);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A credential cannot be read")]
    private partial void LogUnreadable(Exception fault);
}

/// <summary>Ends a part of a login after its time, or when the caller gives up.</summary>
internal sealed class LoginLimit : IDisposable
{
    private readonly CancellationTokenSource _late;
    private readonly CancellationTokenSource _either;

    public LoginLimit(TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        _late = new CancellationTokenSource(limit, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_late.Token, cancellation);
    }

    public CancellationToken Token => _either.Token;

    /// <summary>Whether the time is over.</summary>
    public bool IsOver => _late.IsCancellationRequested;

    public void Dispose()
    {
        _either.Dispose();
        _late.Dispose();
    }
}
