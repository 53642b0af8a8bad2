using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>
/// The last failure, and how long it is answered without asking again: twice as long each time, five minutes at most. When the time is
/// over one caller tries for all. There is one for each credential.
/// </summary>
/// <param name="unreachableCap">The most that a failure to answer is waited for, which says nothing of the credential.</param>
internal sealed class FailureBackoff(TimeSpan unreachableCap)
{
    private static readonly TimeSpan Cap = TimeSpan.FromMinutes(5);
    private static readonly Doubling Pause = new(TimeSpan.FromSeconds(1), Cap);

    /// <summary>How long the others wait for the one who tries.</summary>
    private static readonly TimeSpan TrialLimit = TimeSpan.FromSeconds(6);

    private UpstreamFailure? _failure;
    private int _count;

    public DateTimeOffset? RetryAt { get; private set; }

    /// <summary>Whether somebody tries after a failure.</summary>
    public bool IsTrial { get; private set; }

    /// <summary>The failure to answer with at once; <c>null</c> when it is time to ask.</summary>
    public UpstreamFailure? Current(DateTimeOffset now) =>
        _failure is { } failure && now < RetryAt
            ? failure with { RetryAfterSeconds = Math.Max(1, (int)Math.Ceiling((RetryAt.Value - now).TotalSeconds)) }
            : null;

    /// <summary>
    /// As <see cref="Current"/>, and whoever gets <c>null</c> after a failure is the one who tries: the others are kept waiting meanwhile.
    /// </summary>
    public UpstreamFailure? Enter(DateTimeOffset now)
    {
        var failure = Current(now);
        if (failure is null && _failure is not null)
        {
            (IsTrial, RetryAt) = (true, now + TrialLimit);
        }

        return failure;
    }

    /// <summary>Counts a failure; those of calls that were under way together count as one.</summary>
    public UpstreamFailure Note(UpstreamFailure failure, DateTimeOffset now)
    {
        if (!IsTrial && Current(now) is { } counted)
        {
            return counted;
        }

        _count++;
        var cap = failure.Kind == UpstreamFailureKind.Unreachable ? unreachableCap : Cap;
        var wait = Min(Pause.After(_count) * Jitter.Between(0.8, 1.2), cap);
        var told = Min(TimeSpan.FromSeconds(failure.RetryAfterSeconds), Cap);
        (_failure, IsTrial, RetryAt) = (failure, false, now + (wait < told ? told : wait));
        return Current(now)!;
    }

    /// <summary>Whoever tried has found out nothing: the next one tries.</summary>
    public void Leave(DateTimeOffset now) => (IsTrial, RetryAt) = (false, IsTrial ? now : RetryAt);

    public void Clear() => (_failure, _count, IsTrial, RetryAt) = (null, 0, false, null);

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
