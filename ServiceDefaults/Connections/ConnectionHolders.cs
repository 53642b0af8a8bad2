using RegistryProxy.Protocol;

namespace RegistryProxy.ServiceDefaults.Connections;

/// <summary>
/// Connections by who holds them (an IPv4 address, or the /48 of an IPv6 address), each holder's in the order in which they were added. Not
/// for many threads at once.
/// </summary>
internal sealed class ConnectionHolders<T>
    where T : class
{
    private readonly Dictionary<CallerAddress, Holder> _holders = [];
    private readonly SortedSet<Holder> _bySize = new(Holder.Order);
    private long _added;

    public int Count { get; private set; }

    /// <summary>The first connection of whoever holds most; of several the one whose first came first.</summary>
    public Place? FirstOfLargest => _bySize.Max?.First;

    public int CountOf(CallerAddress caller) => _holders.TryGetValue(caller.Site, out var holder) ? holder.Count : 0;

    /// <summary>The first connection of a caller.</summary>
    public Place? FirstOf(CallerAddress caller) => _holders.TryGetValue(caller.Site, out var holder) ? holder.First : null;

    public Place Add(CallerAddress caller, T connection)
    {
        var place = new Place(caller.Site, connection);
        Enter(place);
        return place;
    }

    /// <summary>Takes a connection out, if it is in.</summary>
    public void Remove(Place place)
    {
        if (place.Node.List is null)
        {
            return;
        }

        var holder = _holders[place.Caller];
        _bySize.Remove(holder);
        holder.Remove(place);
        Count--;
        if (holder.Count == 0)
        {
            _holders.Remove(place.Caller);
        }
        else
        {
            _bySize.Add(holder);
        }
    }

    /// <summary>Makes it the last of its holder, if it is in.</summary>
    public void MoveToEnd(Place place) => Move(place, place.Caller);

    /// <summary>Makes it another holder's, if it is in.</summary>
    public void Move(Place place, CallerAddress caller)
    {
        if (place.Node.List is not null)
        {
            Remove(place);
            place.Caller = caller.Site;
            Enter(place);
        }
    }

    private void Enter(Place place)
    {
        if (_holders.TryGetValue(place.Caller, out var holder))
        {
            _bySize.Remove(holder);
        }
        else
        {
            _holders[place.Caller] = holder = new Holder();
        }

        place.Number = ++_added;
        holder.Add(place);
        _bySize.Add(holder);
        Count++;
    }

    /// <summary>Where a connection stands.</summary>
    internal sealed class Place
    {
        public Place(CallerAddress caller, T connection) =>
            (Caller, Connection, Node) = (caller, connection, new LinkedListNode<Place>(this));

        public CallerAddress Caller { get; set; }

        public T Connection { get; }

        public LinkedListNode<Place> Node { get; }

        /// <summary>Grows with each that is added.</summary>
        public long Number { get; set; }
    }

    private sealed class Holder
    {
        private readonly LinkedList<Place> _places = [];

        public static Comparer<Holder> Order { get; } =
            Comparer<Holder>.Create(static (one, other) => (one.Count, -one.First.Number).CompareTo((other.Count, -other.First.Number)));

        public int Count => _places.Count;

        public Place First => _places.First!.Value;

        public void Add(Place place) => _places.AddLast(place.Node);

        public void Remove(Place place) => _places.Remove(place.Node);
    }
}
