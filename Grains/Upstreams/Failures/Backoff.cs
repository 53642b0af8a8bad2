using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams.Failures;

/// <summary>
/// The last failure, and how long it is answered without asking again: twice as long each time, five minutes at most. When the time is
/// over one caller tries for all.
/// </summary>
/// <param name="unreachableCap">The most that a failure to answer is waited for, which says nothing of the credential.</param>
internal sealed class Backoff(TimeSpan unreachableCap)
{
    private static readonly TimeSpan Cap = TimeSpan.FromMinutes(5);
    private static readonly Doubling Pause = new(TimeSpan.FromSeconds(1), Cap);

    /// <summary>How long the others wait for the one who tries.</summary>
    private static readonly TimeSpan TrialLimit = TimeSpan.FromSeconds(6);

    private UpstreamFailure? _failure;
    private string _stamp = "";
    private int _count;
    private bool _trial;

    public DateTimeOffset? RetryAt { get; private set; }

    /// <summary>The failure to answer with at once; <c>null</c> when it is time to ask, or the credential changed.</summary>
    public UpstreamFailure? Current(DateTimeOffset now, string stamp) =>
        _failure is { } failure && now < RetryAt && stamp == _stamp
            ? failure with { RetryAfterSeconds = Math.Max(1, (int)Math.Ceiling((RetryAt.Value - now).TotalSeconds)) }
            : null;

    /// <summary>As <see cref="Current"/>, and whoever gets <c>null</c> after a failure is the one who tries: the others are kept waiting meanwhile.</summary>
    public UpstreamFailure? Enter(DateTimeOffset now, string stamp)
    {
        var failure = Current(now, stamp);
        if (failure is null && _failure is not null && stamp == _stamp)
        {
            (_trial, RetryAt) = (true, now + TrialLimit);
        }

        return failure;
    }

    /// <summary>Whether somebody tries with this credential after a failure.</summary>
    public bool IsTrial(string stamp) => _trial && stamp == _stamp;

    /// <summary>Counts a failure; those of calls that were under way together count as one.</summary>
    public UpstreamFailure Note(UpstreamFailure failure, DateTimeOffset now, string stamp)
    {
        if (!_trial && Current(now, stamp) is { } counted)
        {
            return counted;
        }

        _count = stamp == _stamp ? _count + 1 : 1;
        var cap = failure.Kind == UpstreamFailureKind.Unreachable ? unreachableCap : Cap;
        var wait = Min(Pause.After(_count) * Jitter.Between(0.8, 1.2), cap);
        var told = Min(TimeSpan.FromSeconds(failure.RetryAfterSeconds), Cap);
        (_failure, _stamp, _trial, RetryAt) = (failure, stamp, false, now + (wait < told ? told : wait));
        return Current(now, stamp)!;
    }

    public void Clear() => (_failure, _count, _trial, RetryAt) = (null, 0, false, null);

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
