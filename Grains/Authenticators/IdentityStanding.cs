using RegistryProxy.Background;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;

namespace RegistryProxy.Grains.Authenticators;

/// <summary>
/// Whether somebody still is who was proved, looked up no more often than the authenticator wants. While the authenticator cannot say, or
/// takes long, the last good answer holds for a while; after that it cannot be said, which is not the same as no.
/// </summary>
internal sealed class IdentityStanding(AuthenticatorDirectory authenticators, TimeProvider time)
{
    /// <summary>How long a directory may be away before sessions need it again.</summary>
    private static readonly TimeSpan GracePeriod = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How old an answer may be that is wanted fresh: a directory is searched no more often for one identity, however many ask.
    /// </summary>
    internal static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);

    /// <summary>How long a decision waits for a directory while the last good answer holds.</summary>
    internal static readonly TimeSpan Wait = TimeSpan.FromSeconds(0.5);

    /// <summary>How long it waits when none does. Its caller waits a little longer.</summary>
    internal static readonly TimeSpan LongWait = TimeSpan.FromSeconds(2.5);

    private static readonly Verdict Unanswered = Verdict.Unavailable("who knows whether this identity is still there does not answer");

    private SingleFlight<Verdict> _flight = new();
    private long _askedAt;
    private IAuthenticator? _by;
    private Verdict? _last;
    private VerifiedIdentity? _of;
    private TimeSpan _checked;
    private TimeSpan _good;

    /// <summary>Whether an authenticator is being asked now.</summary>
    public bool IsAsking => _flight.IsRunning;

    /// <summary>Takes a proof that was just made.</summary>
    public void Proved(TenantConfiguration tenant, VerifiedIdentity identity)
    {
        _by = authenticators.FindAny(tenant, identity.Authenticator);
        (_of, _last, _flight) = (identity, Verdict.Proved(identity), new());
        _checked = _good = time.GetSteadyNow();
    }

    /// <summary>What is so now.</summary>
    /// <param name="tenant">The tenant; <c>null</c> when it is gone.</param>
    /// <param name="known">What was proved; <c>null</c> when nothing was.</param>
    /// <param name="fresh">Whether it must not be older than <see cref="Fresh"/>, however seldom the authenticator wants to be
    /// asked.</param>
    public async ValueTask<Verdict> Now(TenantConfiguration? tenant, VerifiedIdentity? known, bool fresh)
    {
        if (known is null || tenant is null || authenticators.FindAny(tenant, known.Authenticator) is not { } authenticator
            || known.IsOfAnother(authenticators.ProverOf(tenant, known.Authenticator)))
        {
            return Verdict.Unknown;
        }

        if (authenticator.RecheckEvery is not { } every)
        {
            return Verdict.Proved(known);
        }

        if (!ReferenceEquals(authenticator, _by) || !ReferenceEquals(known, _of))
        {
            (_by, _of, _flight, _checked) = (authenticator, known, new(), default);
        }

        var isUrgent = fresh || _last is null or { Kind: VerdictKind.Unavailable };
        if (time.GetSteadyNow() - _checked < (isUrgent && Fresh < every ? Fresh : every))
        {
            return _last ?? Unanswered;
        }

        var isAnswered = await Refresh(authenticator, known, fresh);
        return _last is null || (_last.Kind == VerdictKind.Proved && !isAnswered && !Holds) ? Unanswered : _last;
    }

    /// <summary>Whether the last good answer counts, and is not too old.</summary>
    private bool Holds => _by is { LastAnswerHolds: true } && time.GetSteadyNow() - _good <= GracePeriod;

    /// <summary>Asks, and waits for the answer: who does not want it fresh, not for long. Whether there is one.</summary>
    private async Task<bool> Refresh(IAuthenticator authenticator, VerifiedIdentity known, bool fresh)
    {
        _askedAt = _flight.IsRunning ? _askedAt : time.GetTimestamp();
        var answer = _flight.Join(() => Recheck(authenticator, known));
        if (fresh || answer.IsCompleted)
        {
            await answer;
            return true;
        }

        var isAtHand = _last is { Kind: not VerdictKind.Proved } || (_last is not null && Holds);
        var wait = (isAtHand ? Wait : LongWait) - time.GetElapsedTime(_askedAt);
        if (wait > TimeSpan.Zero)
        {
            await Task.WhenAny(answer, Task.Delay(wait, time));
        }

        return answer.IsCompleted;
    }

    private async Task<Verdict> Recheck(IAuthenticator authenticator, VerifiedIdentity known)
    {
        var verdict = await VerdictOf(authenticator, known);
        if (!ReferenceEquals(authenticator, _by) || !ReferenceEquals(known, _of))
        {
            return verdict;
        }

        var now = time.GetSteadyNow();
        _checked = now;
        if (verdict.Kind != VerdictKind.Unavailable)
        {
            (_last, _good) = (verdict, now);
        }
        else if (_last is null || !Holds)
        {
            _last = verdict;
        }

        return verdict;
    }

    /// <summary>A fault is no answer: a good one of before holds no longer for it.</summary>
    private static async Task<Verdict> VerdictOf(IAuthenticator authenticator, VerifiedIdentity known)
    {
        try
        {
            return await authenticator.Recheck(known, CancellationToken.None);
        }
        catch (Exception)
        {
            return Unanswered;
        }
    }
}
