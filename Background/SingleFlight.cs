namespace RegistryProxy.Background;

/// <summary>Work that runs once for all who ask while it runs. For many threads, and for the one of a grain.</summary>
public sealed class SingleFlight<T>
{
    private readonly Lock _gate = new();
    private Task<T>? _running;

    /// <summary>Whether it runs now.</summary>
    public bool IsRunning => Volatile.Read(ref _running) is { IsCompleted: false };

    /// <summary>The run that is under way, or a new one.</summary>
    /// <param name="begin">Begins it; must not block.</param>
    public Task<T> Join(Func<Task<T>> begin)
    {
        lock (_gate)
        {
            return _running is { IsCompleted: false } running ? running : _running = begin();
        }
    }
}
