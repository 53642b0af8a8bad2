namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// A credential that has not proved itself yet is tried by one caller while the others wait: a wrong one costs the upstream one refusal,
/// however many repositories are asked for at once.
/// </summary>
internal sealed class FirstUseGate(TimeProvider time)
{
    /// <summary>Longer than a token call may take; whoever tries and never says how it went is not waited for any longer.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);

    private TaskCompletionSource? _running;

    /// <summary>Whether the last call that said anything of this credential was a good one.</summary>
    public bool IsProven { get; private set; }

    /// <summary>Waits for the trial, if there is one.</summary>
    public async ValueTask Wait()
    {
        while (!IsProven && _running is { } running)
        {
            try
            {
                await running.Task.WaitAsync(Limit, time);
            }
            catch (TimeoutException)
            {
                End(running);
            }
        }
    }

    /// <summary>The caller tries, unless the credential has proved itself.</summary>
    public Task<T> Begin<T>(Func<Task<T>> work)
    {
        Release();
        _running = IsProven ? null : new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return Watch(work);
    }

    /// <summary>How it went.</summary>
    public void End(bool proved)
    {
        IsProven = proved;
        Release();
    }

    /// <summary>Nobody waits any longer for a trial that says nothing of the credential, or of one that is not used any more.</summary>
    public void Release() => End(_running);

    /// <summary>Does what is part of a trial: nobody waits any longer for one that ends with a fault.</summary>
    public async Task<T> Watch<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception)
        {
            Release();
            throw;
        }
    }

    private void End(TaskCompletionSource? running)
    {
        running?.TrySetResult();
        _running = running == _running ? null : _running;
    }
}
