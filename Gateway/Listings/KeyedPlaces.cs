namespace RegistryProxy.Gateway.Listings;

/// <summary>So many places at once for each key; nothing is kept of a key that nobody uses or waits for.</summary>
/// <param name="most">Places of one key.</param>
/// <param name="mostWaiting">Of those that find no place so many of one key wait.</param>
internal sealed class KeyedPlaces(int most, int mostWaiting)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Row> _rows = [];

    /// <summary>How many keys are in use.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _rows.Count;
            }
        }
    }

    /// <summary>Waits for a place; <c>false</c> when too many wait already.</summary>
    /// <exception cref="OperationCanceledException">It did not come in time.</exception>
    public async Task<bool> Enter(string key, CancellationToken cancellation)
    {
        if (Join(key) is not { } row)
        {
            return false;
        }

        try
        {
            await row.Places.WaitAsync(cancellation);
            return true;
        }
        catch (OperationCanceledException)
        {
            Part(key, row);
            throw;
        }
    }

    /// <summary>Gives a place back.</summary>
    public void Leave(string key)
    {
        Row row;
        lock (_gate)
        {
            row = _rows[key];
        }

        row.Places.Release();
        Part(key, row);
    }

    private Row? Join(string key)
    {
        lock (_gate)
        {
            if (!_rows.TryGetValue(key, out var row))
            {
                _rows[key] = row = new Row(new SemaphoreSlim(most));
            }

            if (row.Users >= most + mostWaiting)
            {
                return null;
            }

            row.Users++;
            return row;
        }
    }

    private void Part(string key, Row row)
    {
        lock (_gate)
        {
            if (--row.Users > 0)
            {
                return;
            }

            _rows.Remove(key);
        }

        row.Places.Dispose();
    }

    private sealed class Row(SemaphoreSlim places)
    {
        public SemaphoreSlim Places => places;

        public int Users { get; set; }
    }
}
