namespace RegistryProxy.ServiceDefaults.Listening;

/// <summary>How many requests of all listeners are running: what a host that ends waits for.</summary>
public sealed class RunningRequests
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    internal void Begin() => Interlocked.Increment(ref _count);

    internal void End() => Interlocked.Decrement(ref _count);
}
