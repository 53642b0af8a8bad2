namespace RegistryProxy.Gateway.AccessTokens;

/// <summary>What is running of what one token opened.</summary>
internal sealed class TokenUse
{
    /// <summary>
    /// containerd 1.6 sends the token that opened a pull for as long as the pull lasts. A token that expired while a request of its own
    /// was running goes on until the work pauses for this long; session, rules and revocations are checked on every request anyway.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private int _active;
    private long _lastUse;

    /// <summary>A request begins; call <see cref="End"/> when it is over.</summary>
    public void Begin() => Interlocked.Increment(ref _active);

    public void End(long timestamp)
    {
        Volatile.Write(ref _lastUse, timestamp);
        Interlocked.Decrement(ref _active);
    }

    /// <summary>Whether the work goes on: a request is running, or ended a short while ago.</summary>
    public bool IsOn(TimeProvider time) =>
        Volatile.Read(ref _active) > 0
        || (Volatile.Read(ref _lastUse) is var last and not 0 && time.GetElapsedTime(last) < Pause);
}
