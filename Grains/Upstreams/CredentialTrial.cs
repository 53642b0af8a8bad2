namespace RegistryProxy.Grains.Upstreams;

/// <summary>
/// A credential that has not proved itself yet is tried by one caller while the others wait: a wrong one costs the upstream one refusal,
/// however many repositories are asked for at once.
/// </summary>
internal sealed class CredentialTrial(TimeProvider time)
{
    /// <summary>Longer than a token call may take; whoever tries and never says how it went is not waited for any longer.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);

    private TaskCompletionSource? _running;
    private string _tried = "";
    private string _proven = "";

    /// <summary>Waits for the trial of this credential, if there is one.</summary>
    public async ValueTask Wait(string stamp)
    {
        while (_proven != stamp && _tried == stamp && _running is { } running)
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
    public void Begin(string stamp)
    {
        End(_running);
        _tried = stamp;
        _running = _proven == stamp ? null : new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Whether the last call that said anything of this credential was a good one.</summary>
    public bool IsProven(string stamp) => _proven == stamp;

    /// <summary>How it went. What is said of a credential that is not used any more changes nothing.</summary>
    public void End(string stamp, bool proved)
    {
        if (_tried != stamp)
        {
            return;
        }

        _proven = proved ? stamp : "";
        End(_running);
    }

    /// <summary>Nobody waits any longer for a trial that says nothing of the credential.</summary>
    public void Release(string stamp)
    {
        if (_tried == stamp)
        {
            End(_running);
        }
    }

    /// <summary>The same, with the first that the caller does.</summary>
    public Task<T> Begin<T>(string stamp, Func<Task<T>> work)
    {
        Begin(stamp);
        return Watch(stamp, work);
    }

    /// <summary>Does what is part of a trial: nobody waits any longer for one that ends with a fault.</summary>
    public async Task<T> Watch<T>(string stamp, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception)
        {
            Release(stamp);
            throw;
        }
    }

    private void End(TaskCompletionSource? running)
    {
        running?.TrySetResult();
        _running = running == _running ? null : _running;
    }
}
