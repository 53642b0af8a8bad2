namespace RegistryProxy.Gateway.Snapshots;

/// <summary>The map that requests use now; <c>null</c> until the first snapshot came.</summary>
internal sealed class CurrentMap(TimeProvider time)
{
    /// <summary>
    /// How long a request waits for the first map. A front door that has just begun to listen has one in a moment, or in some seconds when
    /// the silo that it asks first has died with it; a balancer may send requests before it has noticed that it was away.
    /// </summary>
    private static readonly TimeSpan FirstMapTimeout = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private volatile FrontDoorMap? _map;

    public FrontDoorMap? Value => _map;

    public void Replace(FrontDoorMap map)
    {
        _map = map;
        _first.TrySetResult();
    }

    /// <summary>Waits a little for the first map; whether there is one now.</summary>
    public async ValueTask<bool> Arrives(CancellationToken cancellation)
    {
        await _first.Task.WaitAsync(FirstMapTimeout, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _map is not null;
    }
}
