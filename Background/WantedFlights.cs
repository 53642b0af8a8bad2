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
    public Task<T> Join(TKey key, Func<CancellationToken, Task<T>> begin, CancellationToken cancellation) =>
        Join(key, begin, joinsBegun: true, cancellation);

    private async Task<T> Join(TKey key, Func<CancellationToken, Task<T>> begin, bool joinsBegun, CancellationToken cancellation)
    {
        var flight = Enter(key, begin, joinsBegun);
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
    /// <param name="joinsBegun">
    /// Whether a run that has begun may be joined. If not, the caller shares the next one, which begins when that one has ended: its result
    /// holds what was so when the caller came.
    /// </param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<T> Join(
        TKey key, Func<CancellationToken, Task<T>> begin, Func<T, bool> isOfStarter, bool joinsBegun, CancellationToken cancellation)
    {
        var isOwn = false;
        while (true)
        {
            var result = await Join(key, Begin, joinsBegun, cancellation);
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

    private Flight Enter(TKey key, Func<CancellationToken, Task<T>> begin, bool joinsBegun)
    {
        lock (_gate)
        {
            if (!_running.TryGetValue(key, out var flight) || flight.Run.IsCompleted)
            {
                _running[key] = flight = new Flight(begin, null);
            }
            else if (flight.HasBegun && !joinsBegun)
            {
                _running[key] = flight = new Flight(begin, flight);
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
        private volatile bool _hasBegun;

        /// <param name="begin">Begins the work.</param>
        /// <param name="before">What has to end before that.</param>
        public Flight(Func<CancellationToken, Task<T>> begin, Flight? before)
        {
            var stop = new CancellationTokenSource();
            _stop = stop.Cancel;
            _hasBegun = before is null;
            Run = Task.Run(async () =>
            {
                if (before is not null)
                {
                    await ((Task)before.Run).WaitAsync(stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    stop.Token.ThrowIfCancellationRequested();
                    _hasBegun = true;
                }

                return await begin(stop.Token);
            });
        }

        public Task<T> Run { get; }

        /// <summary>Whether its result may be of before now.</summary>
        public bool HasBegun => _hasBegun;

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
