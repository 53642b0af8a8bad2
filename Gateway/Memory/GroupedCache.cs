using System.Runtime.InteropServices;

namespace RegistryProxy.Gateway.Memory;

/// <summary>
/// A <see cref="WeighedCache{TKey, TValue}"/> whose entries belong to groups: a group goes without a look at the others. A hit takes no
/// lock; a change does.
/// </summary>
internal sealed class GroupedCache<TGroup, TKey, TValue>
    where TGroup : notnull
    where TKey : notnull
{
    /// <summary>What a key costs in a group at most: half of one of two, whose second has a table of its own.</summary>
    private const int Overhead = 240;

    private readonly Lock _gate = new();
    private readonly Dictionary<TGroup, Members> _groups = [];
    private readonly Dictionary<TGroup, Owner> _owners = [];
    private readonly HashSet<TGroup> _large = [];
    private readonly WeighedCache<TKey, TValue> _entries;
    private readonly Func<TKey, TValue, TGroup>[] _groupings;

    /// <param name="capacity">How many entries at most.</param>
    /// <param name="maxBytes">What all entries may weigh together.</param>
    /// <param name="weigh">What an entry weighs beside what every entry costs: the bytes that it alone keeps alive.</param>
    /// <param name="groupings">The groups of an entry.</param>
    public GroupedCache(int capacity, long maxBytes, Func<TKey, TValue, long> weigh, params Func<TKey, TValue, TGroup>[] groupings)
    {
        _groupings = groupings;
        _entries = new(capacity, maxBytes, (key, value) => (Overhead * groupings.Length) + weigh(key, value), Leave);
    }

    /// <summary>
    /// What the entries of one group may weigh, in bytes, where the cache is full: those of a group with more go first, whoever comes. It
    /// is the last grouping that counts; none has a share by default.
    /// </summary>
    public long Share { get; init; } = long.MaxValue;

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
            if (_entries.IsTooHeavy(key, value))
            {
                _entries.Remove(key);
                return;
            }

            var (bytes, entries) = (_entries.WeightOf(key, value), 1);
            if (_entries.TryPeek(key, out var known))
            {
                Leave(key, known);
                (bytes, entries) = (bytes - _entries.WeightOf(key, known), 0);
            }

            Join(key, value);
            MakeRoom(key, bytes, entries);
            _entries.Set(key, value);
        }
    }

    public void Remove(TKey key)
    {
        lock (_gate)
        {
            _entries.Remove(key);
        }
    }

    /// <summary>Removes everything.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
        }
    }

    /// <summary>The entries of a group now; looks without using them.</summary>
    public IReadOnlyList<TValue> Of(TGroup group)
    {
        lock (_gate)
        {
            if (!_groups.TryGetValue(group, out var members))
            {
                return [];
            }

            var found = new List<TValue>(members.All?.Count ?? 1);
            foreach (var key in members.All ?? [members.Only])
            {
                if (_entries.TryPeek(key, out var value))
                {
                    found.Add(value);
                }
            }

            return found;
        }
    }

    /// <summary>Removes a group.</summary>
    public void RemoveGroup(TGroup group)
    {
        lock (_gate)
        {
            if (_groups.TryGetValue(group, out var members))
            {
                foreach (var key in members.All?.ToList() ?? [members.Only])
                {
                    _entries.Remove(key);
                }
            }
        }
    }

    /// <summary>In turn, as the cache itself does it: what was used since it was last looked at is spared.</summary>
    private void MakeRoom(TKey added, long bytes, int entries)
    {
        for (int spared = 0, rounds = 0; rounds <= 2 && _large.Count > 0 && _entries.IsFullWith(bytes, entries);)
        {
            var group = _large.First();
            var turn = _owners[group].Turn;
            if (!turn.TryDequeue(out var key))
            {
                rounds++;
                foreach (var member in _groups[group].All ?? [_groups[group].Only])
                {
                    turn.Enqueue(member);
                }
            }
            else if (!key.Equals(added) && _entries.TryPeek(key, out var value)
                && EqualityComparer<TGroup>.Default.Equals(_groupings[^1](key, value), group)
                && !_entries.GiveUp(key, isForced: spared >= WeighedCache<TKey, TValue>.MaxSpared))
            {
                // Its turn comes again with all others.
                spared++;
            }
        }
    }

    private void Own(TKey key, TValue value, int sign)
    {
        if (Share == long.MaxValue)
        {
            return;
        }

        var group = _groupings[^1](key, value);
        ref var owner = ref CollectionsMarshal.GetValueRefOrAddDefault(_owners, group, out _);
        owner ??= new Owner();
        owner.Bytes += sign * _entries.WeightOf(key, value);
        _ = owner.Bytes > Share ? _large.Add(group) : _large.Remove(group);
        if (owner.Bytes == 0)
        {
            _owners.Remove(group);
        }
    }

    private void Join(TKey key, TValue value)
    {
        Own(key, value, 1);
        foreach (var grouping in _groupings)
        {
            ref var members = ref CollectionsMarshal.GetValueRefOrAddDefault(_groups, grouping(key, value), out var isThere);
            members = isThere ? members.With(key) : new Members(key, null);
        }
    }

    private void Leave(TKey key, TValue value)
    {
        lock (_gate)
        {
            Own(key, value, -1);
            foreach (var grouping in _groupings)
            {
                var group = grouping(key, value);
                if (_groups.TryGetValue(group, out var members) && members.Without(key) is null)
                {
                    _groups.Remove(group);
                }
            }
        }
    }

    /// <summary>What a group has that may have a share, and the keys whose turn it is to go.</summary>
    private sealed class Owner
    {
        public long Bytes { get; set; }

        public Queue<TKey> Turn { get; } = new();
    }

    /// <summary>The keys of a group; most groups have had one alone, which costs no table.</summary>
    private readonly record struct Members(TKey Only, HashSet<TKey>? All)
    {
        public Members With(TKey key)
        {
            var all = All ?? [Only];
            all.Add(key);
            return this with { All = all };
        }

        public Members? Without(TKey key)
        {
            if (All?.Remove(key) == true && All.Count < All.Capacity / 4)
            {
                All.TrimExcess();
            }

            return All is null ? (EqualityComparer<TKey>.Default.Equals(Only, key) ? null : this) : All.Count == 0 ? null : this;
        }
    }
}
