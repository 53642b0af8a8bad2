using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Upstreams.Accounts;

/// <summary>What one upstream was asked since this gateway started.</summary>
internal sealed class UpstreamCount
{
    private long _requests;
    private long _failures;
    private long _refused;
    private long _ticks;

    /// <summary>A request is sent.</summary>
    public void Sent() => Interlocked.Increment(ref _requests);

    /// <summary>A request that was sent had no answer for so long.</summary>
    public void Failed(TimeSpan took)
    {
        Interlocked.Add(ref _ticks, took.Ticks);
        Interlocked.Increment(ref _failures);
    }

    /// <summary>A request that was sent was answered.</summary>
    public void Answered(int status, TimeSpan took)
    {
        Interlocked.Add(ref _ticks, took.Ticks);
        if (status >= StatusCodes.Status500InternalServerError)
        {
            Interlocked.Increment(ref _failures);
        }
        else if (status is 401 or 403 or 429)
        {
            Interlocked.Increment(ref _refused);
        }
    }

    /// <summary>All of it.</summary>
    public UpstreamTraffic Describe(string upstream) => new(
        upstream, Interlocked.Read(ref _requests), Interlocked.Read(ref _failures), Interlocked.Read(ref _refused),
        TimeSpan.FromTicks(Interlocked.Read(ref _ticks)).TotalSeconds);
}
