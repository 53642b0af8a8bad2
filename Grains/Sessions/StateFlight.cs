namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Work on the latest state of an identity that runs one at a time. Whoever comes with another state than it runs for hears nothing of what
/// becomes of it: neither its result nor its fault is his. For the single thread of a grain.
/// </summary>
internal sealed class StateFlight
{
    private Task _running = Task.CompletedTask;
    private SessionState? _of;

    /// <summary>Does it for a state; <c>false</c> when it was waited for another one's alone, and the caller has to look again.</summary>
    public async Task<bool> Join(SessionState state, Func<SessionState, Task> work)
    {
        if (_running.IsCompleted)
        {
            _of = state;
            _running = work(state);
        }
        else if (!ReferenceEquals(_of, state))
        {
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            return false;
        }

        await _running;
        return true;
    }
}
