using System.Collections.Concurrent;

namespace RegistryProxy.Gateway.Memory;

/// <summary>
/// A cache that is bounded in bytes, not only in entries. Every cache of a gateway whose keys or values come from outside is one. A hit
/// takes no lock and copies nothing. What goes first is what came first and was not used since (the CLOCK algorithm): a flood of new
/// entries pushes out itself, not what is in use.
/// </summary>
internal sealed class WeighedCache<TKey, TValue>
    where TKey : notnull
{
    /// <summary>What an entry costs whatever it holds: the nodes of the dictionary and the queue, and the headers of objects.</summary>
    private const int Overhead = 200;

    /// <summary>How many used entries are spared for one that is added.</summary>
    internal const int MaxSpared = 32;

    /// <summary>How many places of removed entries the queue may have beside half as many as there are entries.</summary>
    private const int Litter = 64;

    private readonly ConcurrentDictionary<TKey, Node> _nodes = new();
    private readonly ConcurrentQueue<Node> _clock = new();
    private readonly ConcurrentDictionary<TKey, Node>.AlternateLookup<ReadOnlySpan<char>> _spans;
    private readonly int _capacity;
    private readonly long _maxBytes;
    private readonly Func<TKey, TValue, long> _weigh;
    private readonly Action<TKey, TValue>? _dropped;
    private long _bytes;
    private int _count;
    private int _removed;

    /// <param name="capacity">How many entries at most.</param>
    /// <param name="maxBytes">What all entries may weigh together. One that weighs more than a sixteenth of it is not kept.</param>
    /// <param name="weigh">What an entry weighs beside what every entry costs: the bytes that it alone keeps alive.</param>
    /// <param name="dropped">Told of each entry that goes.</param>
    public WeighedCache(int capacity, long maxBytes, Func<TKey, TValue, long> weigh, Action<TKey, TValue>? dropped = null)
    {
        (_capacity, _maxBytes, _weigh, _dropped) = (capacity, maxBytes, weigh, dropped);
        _nodes.TryGetAlternateLookup(out _spans);
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>What the entries weigh.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    public IEnumerable<KeyValuePair<TKey, TValue>> Entries => _nodes.Select(node => KeyValuePair.Create(node.Key, node.Value.Entry.Value));

    public bool TryGet(TKey key, out TValue value) => Use(_nodes.TryGetValue(key, out var node) ? node : null, out value);

    /// <summary>Looks without using it.</summary>
    public bool TryPeek(TKey key, out TValue value)
    {
        var isThere = _nodes.TryGetValue(key, out var node);
        value = isThere ? node!.Entry.Value : default!;
        return isThere;
    }

    /// <summary>The same for a key that is a text, by a part of another text.</summary>
    public bool TryGet(ReadOnlySpan<char> key, out TValue value) => Use(_spans.TryGetValue(key, out var node) ? node : null, out value);

    /// <summary>Adds or replaces.</summary>
    public void Set(TKey key, TValue value)
    {
        var entry = Weigh(key, value);
        if (entry.Weight > _maxBytes / 16)
        {
            Remove(key);
            return;
        }

        while (!Add(key, entry, out var known) && !Replace(known, entry))
        {
            // It was removed in this very moment.
        }

        Trim();
    }

    /// <summary>What is there, or <paramref name="make"/>'s.</summary>
    public TValue GetOrAdd(TKey key, Func<TValue> make)
    {
        if (TryGet(key, out var kept))
        {
            return kept;
        }

        var entry = Weigh(key, make());
        if (entry.Weight > _maxBytes / 16)
        {
            return entry.Value;
        }

        var value = Add(key, entry, out var known) ? entry.Value : known.Entry.Value;
        Trim();
        return value;
    }

    /// <summary>Whether others would have to go for so many bytes and entries more.</summary>
    public bool IsFullWith(long bytes, int entries) =>
        Volatile.Read(ref _bytes) + bytes > _maxBytes || Volatile.Read(ref _count) + entries > _capacity;

    /// <summary>Whether an entry weighs more than one may.</summary>
    public bool IsTooHeavy(TKey key, TValue value) => WeightOf(key, value) > _maxBytes / 16;

    /// <summary>What an entry weighs with what every entry costs.</summary>
    public long WeightOf(TKey key, TValue value) => Overhead + _weigh(key, value);

    /// <summary>Removes an entry that was not used since it was last asked about here; whether it did.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="isForced">Whether it goes though it was used.</param>
    public bool GiveUp(TKey key, bool isForced)
    {
        if (!_nodes.TryGetValue(key, out var node) || (node.IsUsed && !isForced))
        {
            _ = node is not null && (node.IsUsed = false);
            return false;
        }

        Remove(key);
        return true;
    }

    public void Remove(TKey key)
    {
        if (_nodes.TryGetValue(key, out var node) && Drop(node))
        {
            Interlocked.Increment(ref _removed);
        }
    }

    public void Clear()
    {
        for (var left = _clock.Count; left > 0 && _clock.TryDequeue(out var node); left--)
        {
            Forget(node);
        }
    }

    private static bool Use(Node? node, out TValue value)
    {
        if (node is null)
        {
            value = default!;
            return false;
        }

        node.IsUsed = true;
        value = node.Entry.Value;
        return true;
    }

    private Entry Weigh(TKey key, TValue value) => new(value, WeightOf(key, value));

    private bool Add(TKey key, Entry entry, out Node known)
    {
        var node = new Node(key, entry);
        known = _nodes.GetOrAdd(key, node);
        if (known != node)
        {
            return false;
        }

        Interlocked.Add(ref _bytes, entry.Weight);
        Interlocked.Increment(ref _count);
        _clock.Enqueue(node);
        return true;
    }

    private bool Replace(Node node, Entry entry)
    {
        lock (node)
        {
            if (node.IsRemoved)
            {
                return false;
            }

            Interlocked.Add(ref _bytes, entry.Weight - node.Entry.Weight);
            node.Entry = entry;
            return true;
        }
    }

    /// <summary>Takes an entry out; its place in the queue is left for <see cref="Trim"/>.</summary>
    private bool Drop(Node node)
    {
        lock (node)
        {
            if (node.IsRemoved)
            {
                return false;
            }

            node.IsRemoved = true;
            Interlocked.Add(ref _bytes, -node.Entry.Weight);
        }

        _nodes.TryRemove(KeyValuePair.Create(node.Key, node));
        Interlocked.Decrement(ref _count);
        _dropped?.Invoke(node.Key, node.Entry.Value);
        return true;
    }

    /// <summary>Ends one that was taken out of the queue.</summary>
    private void Forget(Node node)
    {
        if (!Drop(node))
        {
            Interlocked.Decrement(ref _removed);
        }
    }

    private void Trim()
    {
        for (var spared = 0; (IsFull() || IsLittered()) && _clock.TryDequeue(out var node);)
        {
            var isFull = IsFull();
            if (node.IsRemoved || (isFull && !(node.IsUsed && spared++ < MaxSpared)))
            {
                Forget(node);
            }
            else
            {
                node.IsUsed &= !isFull;
                _clock.Enqueue(node);
            }
        }
    }

    private bool IsFull() => Volatile.Read(ref _bytes) > _maxBytes || Volatile.Read(ref _count) > _capacity;

    private bool IsLittered() => Volatile.Read(ref _removed) > Litter + (Volatile.Read(ref _count) / 2);

    private sealed class Node(TKey key, Entry entry)
    {
        private volatile Entry _entry = entry;
        private volatile bool _isUsed;
        private volatile bool _isRemoved;

        public TKey Key => key;

        public Entry Entry
        {
            get => _entry;
            set => _entry = value;
        }

        public bool IsUsed
        {
            get => _isUsed;

            // Whoever reads what is in use anyway writes nothing: processors would pass its line back and forth.
            set
            {
                if (_isUsed != value)
                {
                    _isUsed = value;
                }
            }
        }

        public bool IsRemoved
        {
            get => _isRemoved;
            set => _isRemoved = value;
        }
    }

    private sealed class Entry(TValue value, long weight)
    {
        public TValue Value => value;

        public long Weight => weight;
    }
}

/// <summary>What texts weigh in a <see cref="WeighedCache{TKey, TValue}"/>, in bytes.</summary>
internal static class TextWeight
{
    private const int Header = 32;

    public static long Of(string text) => Header + (2L * text.Length);
}
