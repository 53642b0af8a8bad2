using RegistryProxy.Background;

namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// How often a refused token is replaced. The first refusal is answered at once; when the fresh token is refused too, another one will not
/// help for a while: one second, then twice as long each time, five minutes at most. Ten quiet minutes, or another credential, begin anew.
/// </summary>
internal sealed class ReplacementBackoff
{
    private static readonly Doubling Pause = new(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5));
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(10);

    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private string _stamp = "";
    private int _count;

    /// <summary>A refusal before this time is not answered by another token.</summary>
    public DateTimeOffset NextAt { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>A token of this credential is being replaced.</summary>
    /// <param name="now">The time.</param>
    /// <param name="stamp">The credential.</param>
    /// <param name="wasAccepted">Whether it was taken before it was refused, so that the next one may be, too.</param>
    public void Note(DateTimeOffset now, string stamp, bool wasAccepted = false)
    {
        _count = stamp == _stamp && now < _last + Quiet && !wasAccepted ? _count + 1 : 1;
        (_last, _stamp, NextAt) = (now, stamp, now + Pause.After(_count));
    }

    /// <summary>The refusals of one credential say nothing of another.</summary>
    public void Begin(string stamp)
    {
        if (stamp != _stamp)
        {
            (_stamp, _count, NextAt) = (stamp, 0, DateTimeOffset.MinValue);
        }
    }
}
