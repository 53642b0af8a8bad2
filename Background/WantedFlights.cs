namespace RegistryProxy.Background;

/// <summary>
/// Work that runs once at a time for each key, for all who ask for that key meanwhile, and for as long as any of them waits: when the last
/// one has left it is given up, so that there are never more of them than who ask. For many threads.
/// </summary>
public sealed class WantedFlights<TKey, T>
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, Flight> _running = [];

    /// <summary>What comes of the run for a key that is under way, or of a new one.</summary>
    /// <param name="key">What it is for.</param>
    /// <param name="begin">Begins it, on another thread; its token is cancelled when nobody waits any more.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<T> Join(TKey key, Func<CancellationToken, Task<T>> begin, CancellationToken cancellation)
    {
        var flight = Enter(key, begin);
        try
        {
            return await flight.Run.WaitAsync(cancellation);
        }
        finally
        {
            Leave(key, flight);
        }
    }

    /// <summary>
    /// The same for work whose result may be about the one who began it alone: then those who joined begin another run, one for all of
    /// them.
    /// </summary>
    /// <param name="key">What it is for.</param>
    /// <param name="begin">Begins it, on another thread; its token is cancelled when nobody waits any more.</param>
    /// <param name="isOfStarter">Whether a result is about who began the run, and nobody else.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<T> Join(TKey key, Func<CancellationToken, Task<T>> begin, Func<T, bool> isOfStarter, CancellationToken cancellation)
    {
        var isOwn = false;
        while (true)
        {
            var result = await Join(key, Begin, cancellation);
            if (Volatile.Read(ref isOwn) || !isOfStarter(result))
            {
                return result;
            }
        }

        Task<T> Begin(CancellationToken stop)
        {
            Volatile.Write(ref isOwn, true);
            return begin(stop);
        }
    }

    private Flight Enter(TKey key, Func<CancellationToken, Task<T>> begin)
    {
        lock (_gate)
        {
            if (!_running.TryGetValue(key, out var flight) || flight.Run.IsCompleted)
            {
                _running[key] = flight = new Flight(begin);
            }

            flight.Waiting++;
            return flight;
        }
    }

    private void Leave(TKey key, Flight flight)
    {
        lock (_gate)
        {
            if (--flight.Waiting > 0)
            {
                return;
            }

            if (_running.GetValueOrDefault(key) == flight)
            {
                _running.Remove(key);
            }
        }

        flight.GiveUp();
    }

    private sealed class Flight
    {
        private readonly Action _stop;

        public Flight(Func<CancellationToken, Task<T>> begin)
        {
            var stop = new CancellationTokenSource();
            _stop = stop.Cancel;
            Run = Task.Run(() => begin(stop.Token));
        }

        public Task<T> Run { get; }

        public int Waiting { get; set; }

        public void GiveUp()
        {
            if (!Run.IsCompleted)
            {
                _stop();
            }
        }
    }
}
