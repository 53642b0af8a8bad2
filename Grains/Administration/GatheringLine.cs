namespace RegistryProxy.Grains.Administration;

/// <summary>
/// Tenants that wait for others' gatherings to be over, so that those that ask all the time do not keep others from it: each once, in turn.
/// Not for many threads at once.
/// </summary>
internal sealed class GatheringLine(TimeProvider time)
{
    /// <summary>Tenants that wait.</summary>
    private const int MaxWaiting = 64;

    /// <summary>How long one may wait.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly LinkedList<Turn> _turns = [];
    private readonly HashSet<string> _called = [];

    /// <summary>Those who wait, and those whose turn has come and who have not begun: nobody else may begin before them.</summary>
    public int Count => _turns.Count + _called.Count;

    /// <summary>Waits for the turn of a tenant; <c>false</c> when it does not come in time, or too many wait.</summary>
    public Task<bool> Wait(string tenant)
    {
        var known = _turns.FirstOrDefault(turn => turn.Tenant == tenant);
        if (known is null)
        {
            if (_turns.Count >= MaxWaiting)
            {
                return Task.FromResult(false);
            }

            known = new Turn(tenant);
            known.Ended = Wait(_turns.AddLast(known));
        }

        return known.Ended;
    }

    /// <summary>Whether the turn of a tenant has come; it is taken then.</summary>
    public bool Take(string tenant) => _called.Remove(tenant);

    /// <summary>The turn of the first has come: its place is its own until it takes it.</summary>
    public void Next()
    {
        if (_turns.First is { } next)
        {
            _turns.Remove(next);
            _called.Add(next.Value.Tenant);
            next.Value.Come.SetResult();
        }
    }

    private async Task<bool> Wait(LinkedListNode<Turn> turn)
    {
        try
        {
            await turn.Value.Come.Task.WaitAsync(MaxWait, time);
            return true;
        }
        catch (TimeoutException)
        {
            if (turn.List is null)
            {
                // It has come at the last moment.
                return true;
            }

            _turns.Remove(turn);
            return false;
        }
    }

    private sealed class Turn(string tenant)
    {
        public string Tenant => tenant;

        public TaskCompletionSource Come { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<bool> Ended { get; set; } = Task.FromResult(false);
    }
}
