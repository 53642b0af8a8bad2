namespace RegistryProxy.Gateway.Fairness;

/// <summary>
/// Places that callers share. Of the last ones nobody gets more than are left for everybody else: whoever keeps all that he can get still
/// leaves some, however few callers there are. Those who find none wait their turn, one of each caller after the other.
/// </summary>
/// <param name="most">Places.</param>
/// <param name="last">How many of them are the last ones; all of them for an equal share from the beginning.</param>
/// <param name="mostWaiting">So many of one caller wait.</param>
internal sealed class SharedPlaces(int most, int last, int mostWaiting)
{
    /// <summary>So many records are kept for the callers to come, and nothing of those who had them.</summary>
    private const int MaxSpare = 64;

    private readonly Lock _gate = new();
    private readonly Dictionary<CallerKey, Row> _rows = [];
    private readonly Stack<Row> _spare = [];
    private readonly LinkedList<Row> _line = [];
    private int _most = most;
    private int _last = last;
    private int _used;

    /// <summary>How many callers have a place or wait for one.</summary>
    public int Callers
    {
        get
        {
            lock (_gate)
            {
                return _rows.Count;
            }
        }
    }

    /// <summary>Places that are taken.</summary>
    public int Used => Volatile.Read(ref _used);

    /// <summary>There are as many places from now on.</summary>
    public void Resize(int places, int lastOnes)
    {
        if (Volatile.Read(ref _most) == places)
        {
            return;
        }

        lock (_gate)
        {
            (_most, _last) = (places, lastOnes);
            Serve();
        }
    }

    /// <summary>Takes a place if there is one now.</summary>
    public bool TryEnter(CallerKey caller)
    {
        lock (_gate)
        {
            var row = RowOf(caller);
            return (!row.Waits && TryTake(row)) || Drop(row);
        }
    }

    /// <summary>Takes a place, or waits for one; <c>false</c> when too many of the caller wait.</summary>
    /// <exception cref="OperationCanceledException">It did not come in time.</exception>
    public ValueTask<bool> Enter(CallerKey caller, CancellationToken cancellation)
    {
        LinkedListNode<TaskCompletionSource> waiter;
        lock (_gate)
        {
            var row = RowOf(caller);
            if (!row.Waits && TryTake(row))
            {
                return new(true);
            }

            if (row.Waiting.Count >= mostWaiting)
            {
                return new(Drop(row));
            }

            waiter = row.Waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            if (row.Waiting.Count == 1)
            {
                _line.AddLast(row.Turn);
            }
        }

        return new(Wait(caller, waiter, cancellation));
    }

    /// <summary>Gives a place back.</summary>
    public void Leave(CallerKey caller)
    {
        lock (_gate)
        {
            var row = _rows[caller];
            row.Held--;
            _used--;
            Drop(row);
            Serve();
        }
    }

    private async Task<bool> Wait(CallerKey caller, LinkedListNode<TaskCompletionSource> waiter, CancellationToken cancellation)
    {
        try
        {
            await waiter.Value.Task.WaitAsync(cancellation);
            return true;
        }
        catch (OperationCanceledException)
        {
            GiveUp(caller, waiter);
            throw;
        }
    }

    private void GiveUp(CallerKey caller, LinkedListNode<TaskCompletionSource> waiter)
    {
        lock (_gate)
        {
            if (waiter.List is null)
            {
                // Its place came in this very moment.
                Leave(caller);
                return;
            }

            var row = _rows[caller];
            row.Waiting.Remove(waiter);
            LeaveLine(row);
            Drop(row);
        }
    }

    /// <summary>Gives free places to those who wait: by turns, and past whoever has as many as are left.</summary>
    private void Serve()
    {
        for (var turn = _line.First; turn is not null && _used < _most;)
        {
            var (row, next) = (turn.Value, turn.Next);
            if (TryTake(row))
            {
                var waiter = row.Waiting.First!;
                row.Waiting.RemoveFirst();
                waiter.Value.SetResult();
                _line.Remove(turn);
                if (row.Waits)
                {
                    _line.AddLast(turn);
                }

                next = _line.First;
            }

            turn = next;
        }
    }

    private bool TryTake(Row row)
    {
        var free = _most - _used;
        if (free <= 0 || (free <= _last && row.Held >= free))
        {
            return false;
        }

        row.Held++;
        _used++;
        return true;
    }

    private Row RowOf(CallerKey caller)
    {
        if (!_rows.TryGetValue(caller, out var row))
        {
            _rows[caller] = row = _spare.TryPop(out var spare) ? spare : new Row();
            row.Caller = caller;
        }

        return row;
    }

    private void LeaveLine(Row row)
    {
        if (!row.Waits)
        {
            _line.Remove(row.Turn);
        }
    }

    /// <summary>Nothing is kept of who has no place and waits for none.</summary>
    private bool Drop(Row row)
    {
        if (row.Held == 0 && !row.Waits)
        {
            _rows.Remove(row.Caller);
            row.Caller = default;
            if (_spare.Count < MaxSpare)
            {
                _spare.Push(row);
            }
        }

        return false;
    }

    private sealed class Row
    {
        private LinkedList<TaskCompletionSource>? _waiting;

        public CallerKey Caller { get; set; }

        public LinkedListNode<Row> Turn => field ??= new LinkedListNode<Row>(this);

        public LinkedList<TaskCompletionSource> Waiting => _waiting ??= [];

        public bool Waits => _waiting is { Count: > 0 };

        public int Held { get; set; }
    }
}
