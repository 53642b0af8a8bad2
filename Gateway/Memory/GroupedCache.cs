namespace RegistryProxy.Gateway.Memory;

/// <summary>
/// A <see cref="WeighedCache{TKey, TValue}"/> whose entries belong to groups: what is to go of one group is found without a look at the others. A
/// hit takes no lock; a change does.
/// </summary>
internal sealed class GroupedCache<TGroup, TKey, TValue>
    where TGroup : notnull
    where TKey : notnull
{
    /// <summary>What a key costs in its group, and its share of the group.</summary>
    private const int Overhead = 120;

    private readonly Lock _gate = new();
    private readonly Dictionary<TGroup, HashSet<TKey>> _groups = [];
    private readonly WeighedCache<TKey, TValue> _entries;
    private readonly Func<TKey, TGroup> _groupOf;

    /// <param name="capacity">How many entries at most.</param>
    /// <param name="maxBytes">What all entries may weigh together.</param>
    /// <param name="weigh">What an entry weighs beside what every entry costs: the bytes that it alone keeps alive.</param>
    /// <param name="groupOf">The group of an entry.</param>
    public GroupedCache(int capacity, long maxBytes, Func<TKey, TValue, long> weigh, Func<TKey, TGroup> groupOf)
    {
        _groupOf = groupOf;
        _entries = new(capacity, maxBytes, (key, value) => Overhead + weigh(key, value), (key, _) => Leave(key));
    }

    public int Count => _entries.Count;

    /// <summary>How many groups have entries.</summary>
    internal int Groups
    {
        get
        {
            lock (_gate)
            {
                return _groups.Count;
            }
        }
    }

    public bool TryGet(TKey key, out TValue value) => _entries.TryGet(key, out value);

    /// <summary>Adds or replaces.</summary>
    public void Set(TKey key, TValue value)
    {
        lock (_gate)
        {
            if (!_groups.TryGetValue(_groupOf(key), out var keys))
            {
                _groups[_groupOf(key)] = keys = [];
            }

            keys.Add(key);
            _entries.Set(key, value);
            if (!_entries.TryPeek(key, out _))
            {
                // It weighs too much.
                Leave(key);
            }
        }
    }

    public void Remove(TKey key)
    {
        lock (_gate)
        {
            _entries.Remove(key);
        }
    }

    /// <summary>Removes those of a group that <paramref name="isMeant"/>.</summary>
    public void Remove(TGroup group, Func<TKey, TValue, bool> isMeant)
    {
        lock (_gate)
        {
            if (_groups.TryGetValue(group, out var keys))
            {
                foreach (var key in keys.Where(key => _entries.TryPeek(key, out var value) && isMeant(key, value)).ToList())
                {
                    _entries.Remove(key);
                }
            }
        }
    }

    private void Leave(TKey key)
    {
        lock (_gate)
        {
            if (_groups.TryGetValue(_groupOf(key), out var keys) && keys.Remove(key) && keys.Count == 0)
            {
                _groups.Remove(_groupOf(key));
            }
        }
    }
}
