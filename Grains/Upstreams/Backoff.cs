using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>The last failure, and how long it is answered without asking again: twice as long each time, five minutes at most.</summary>
internal sealed class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Cap = TimeSpan.FromMinutes(5);

    private UpstreamFailure? _failure;
    private string _stamp = "";
    private int _count;

    public DateTimeOffset? RetryAt { get; private set; }

    /// <summary>The failure to answer with at once; <c>null</c> when it is time to ask, or the credential changed.</summary>
    public UpstreamFailure? Current(DateTimeOffset now, string stamp) =>
        _failure is { } failure && now < RetryAt && stamp == _stamp
            ? failure with { RetryAfterSeconds = Math.Max(1, (int)Math.Ceiling((RetryAt.Value - now).TotalSeconds)) }
            : null;

    public UpstreamFailure Note(UpstreamFailure failure, DateTimeOffset now, string stamp)
    {
        _count = stamp == _stamp ? _count + 1 : 1;
        var wait = Min(First * Math.Pow(2, Math.Min(_count - 1, 12)), Cap) * Jitter.Between(0.8, 1.2);
        wait = wait < TimeSpan.FromSeconds(failure.RetryAfterSeconds) ? TimeSpan.FromSeconds(failure.RetryAfterSeconds) : wait;
        (_failure, _stamp, RetryAt) = (failure, stamp, now + Min(wait, Cap));
        return Current(now, stamp)!;
    }

    public void Clear() => (_failure, _count, RetryAt) = (null, 0, null);

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
