using System.Collections.Concurrent;

namespace RegistryProxy.Background;

/// <summary>Work that runs once at a time for each key, for all who ask for that key meanwhile. For many threads.</summary>
public sealed class SingleFlights<TKey, T>
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Lazy<Task<T>>> _running = new();

    /// <summary>Whether a run for a key is under way.</summary>
    public bool IsRunning(TKey key) => _running.ContainsKey(key);

    /// <summary>The run for a key that is under way, or a new one.</summary>
    /// <param name="key">What it is for.</param>
    /// <param name="begin">Begins it.</param>
    public Task<T> Join(TKey key, Func<Task<T>> begin)
    {
        return _running.TryGetValue(key, out var running) ? running.Value : _running.GetOrAdd(key, Begin).Value;

        Lazy<Task<T>> Begin(TKey _)
        {
            Lazy<Task<T>> begun = null!;
            return begun = new(() => Run(key, begin, begun));
        }
    }

    /// <summary>Who asks from now on joins none of those that are under way.</summary>
    public void Clear() => _running.Clear();

    private async Task<T> Run(TKey key, Func<Task<T>> begin, Lazy<Task<T>> own)
    {
        try
        {
            return await begin();
        }
        finally
        {
            _running.TryRemove(KeyValuePair.Create(key, own));
        }
    }
}
