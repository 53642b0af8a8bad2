namespace RegistryProxy.Grains.Identity;

/// <summary>
/// Checks that are under way: one for all who ask for the same. When all of them have left, it is told that nobody waits for it.
/// </summary>
internal sealed class PasswordChecks
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Running> _running = [];

    /// <summary>The check that is under way, or a new one.</summary>
    public async Task<bool?> Join(string key, Func<CancellationToken, Task<bool?>> begin, CancellationToken cancellation)
    {
        var running = Enter(key, begin);
        try
        {
            return await running.Result.WaitAsync(cancellation);
        }
        finally
        {
            if (IsLast(key, running))
            {
                running.Dispose();
            }
        }
    }

    private Running Enter(string key, Func<CancellationToken, Task<bool?>> begin)
    {
        lock (_gate)
        {
            if (!_running.TryGetValue(key, out var running))
            {
                _running[key] = running = new Running(begin);
            }

            running.Waiting++;
            return running;
        }
    }

    private bool IsLast(string key, Running running)
    {
        lock (_gate)
        {
            return --running.Waiting == 0 && _running.Remove(key);
        }
    }

    private sealed class Running : IDisposable
    {
        private readonly CancellationTokenSource _left = new();

        public Running(Func<CancellationToken, Task<bool?>> begin) => Result = begin(_left.Token);

        public Task<bool?> Result { get; }

        public int Waiting { get; set; }

        public void Dispose()
        {
            _left.Cancel();
            _left.Dispose();
        }
    }
}
