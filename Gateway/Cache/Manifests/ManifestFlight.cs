namespace RegistryProxy.Gateway.Cache.Manifests;

/// <summary>
/// A question for a manifest that is under way, and how many wait for it. When the last one has left it ends, so that there are never more of
/// them than requests.
/// </summary>
internal sealed class ManifestFlight
{
    private readonly Lock _gate = new();
    private readonly Action _giveUp;
    private int _waiting = 1;

    /// <param name="ask">Asks.</param>
    /// <param name="ended">Called once it was answered or given up.</param>
    public ManifestFlight(Func<CancellationToken, Task<ManifestAnswer>> ask, Action<ManifestFlight> ended)
    {
        var stop = new CancellationTokenSource();
        _giveUp = stop.Cancel;
        Answer = Task.Run(async () =>
        {
            try
            {
                return await ask(stop.Token);
            }
            finally
            {
                ended(this);
            }
        });
    }

    public Task<ManifestAnswer> Answer { get; }

    /// <summary>Counts one in; <c>false</c> when it was given up.</summary>
    public bool TryJoin()
    {
        lock (_gate)
        {
            _waiting += _waiting > 0 ? 1 : 0;
            return _waiting > 0;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_waiting > 0)
            {
                return;
            }
        }

        if (!Answer.IsCompleted)
        {
            _giveUp();
        }
    }
}
