using Docker.DotNet.Models;
using RegistryProxy.Background;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>
/// Listens to a pull while it runs: an error may come inside a stream that began with 200, and silence may last too long.
/// </summary>
internal sealed class PullProgress : IProgress<JSONMessage>, ITicking, IDisposable
{
    private readonly CancellationTokenSource _stalled = new();
    private readonly TimeSpan _deadline;
    private readonly ITimer _timer;

    public PullProgress(TimeSpan deadline, TimeProvider time)
    {
        _deadline = deadline;
        _timer = GuardedTimer.Start(time, this, deadline, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What the engine said when it failed.</summary>
    public string? Error { get; private set; }

    public CancellationToken Stalled => _stalled.Token;

    void ITicking.Tick() => _stalled.Cancel();

    public void Report(JSONMessage value)
    {
        _timer.Change(_deadline, Timeout.InfiniteTimeSpan);
        if (value.Error is { } error)
        {
            Error = error.Message is { Length: > 0 } words ? words : "the Docker Engine gave no reason";
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _stalled.Dispose();
    }
}
