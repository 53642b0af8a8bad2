using RegistryProxy.Background;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// The list of a tenant's sessions in memory, written now and then: what comes costs the same however many there are, and what was not
/// written yet stays to be written. For the single thread of a grain.
/// </summary>
internal sealed class SessionCatalog(SessionIndexPages stored, TimeProvider time)
{
    /// <summary>
    /// The most sessions that are listed; the oldest of the identity that has most make room, so that nobody pushes out others.
    /// </summary>
    public const int Capacity = 100_000;

    /// <summary>The most sessions that are known to have left; the first of them are forgotten.</summary>
    public const int MaxRemoved = 10_000;

    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    /// <summary>For how long it is known that a session has left: a write that hangs may come as late.</summary>
    private static readonly TimeSpan LateAtMost = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, SessionSummary> _sessions = [];
    private readonly SortedSet<(DateTimeOffset At, string Id)> _ends = [];
    private readonly SortedSet<(DateTimeOffset At, string Id)> _opened = [];
    private readonly SessionHolders _holders = new();
    private readonly OrderedDictionary<string, (TimeSpan At, bool IsOver, Holder? Holder)> _removed = [];
    private bool _isRead;
    private TimeSpan _writeFrom;

    public int Count => _sessions.Count;

    public IEnumerable<SessionSummary> All => _sessions.Values;

    /// <summary>All, the newest first.</summary>
    public IEnumerable<SessionSummary> NewestFirst => _opened.Reverse().Select(opened => _sessions[opened.Id]);

    public SessionSummary? Find(string id) => _sessions.GetValueOrDefault(id);

    /// <summary>Whose a session was that has ended some minutes ago at the most; <c>null</c> when it is not known.</summary>
    public Holder? HolderOfEnded(string id) =>
        _removed.TryGetValue(id, out var removed) && removed.IsOver ? removed.Holder : null;

    /// <summary>Reads what is stored and has not been read yet; <c>false</c> when the storage is away.</summary>
    public async Task<bool> Read()
    {
        try
        {
            await stored.Read(Take);
            return _isRead = true;
        }
        catch (StateUnavailableException)
        {
            return _isRead;
        }
    }

    /// <summary>Lists a session, unless word of its end came first; returns one that had to make room for it.</summary>
    public SessionSummary? Add(SessionSummary session)
    {
        if (_removed.TryGetValue(session.Session, out var removed) && removed.IsOver)
        {
            return null;
        }

        Drop(session.Session);
        _removed.Remove(session.Session);
        var leaving = MakeRoom(Capacity - 1);
        Put(session);
        stored.Add(session.Session);
        return leaving;
    }

    /// <summary>Takes out a session that has ended.</summary>
    public void Remove(string id)
    {
        var holder = Find(id) is { } known ? new Holder(known.Authenticator, known.Subject) : _removed.GetValueOrDefault(id).Holder;
        Drop(id);
        Leave(id, isOver: true, holder);
    }

    /// <summary>Takes out what is over, and returns it.</summary>
    public List<SessionSummary> Prune()
    {
        List<SessionSummary> over = [];
        while (_ends.Count > 0 && _ends.Min.At <= time.GetUtcNow())
        {
            over.Add(_sessions[_ends.Min.Id]);
            Drop(_ends.Min.Id, isOver: true);
        }

        return over;
    }

    /// <summary>Writes what has changed if the last write was long enough ago.</summary>
    public async Task Write(bool now)
    {
        if (!stored.IsUnwritten || (!now && time.GetSteadyNow() < _writeFrom))
        {
            return;
        }

        _writeFrom = time.GetSteadyNow() + Pace;
        await stored.Write(id => _sessions[id], Take);
        while (_removed.Count > 0 && _removed.GetAt(0).Value.At + LateAtMost < time.GetSteadyNow())
        {
            _removed.RemoveAt(0);
        }
    }

    /// <summary>What is stored, or what another activation listed, is listed here, too.</summary>
    private bool Take(SessionSummary session)
    {
        if (_sessions.ContainsKey(session.Session) || _removed.ContainsKey(session.Session) || session.Expires <= time.GetUtcNow())
        {
            return false;
        }

        MakeRoom(Capacity - 1);
        Put(session);
        return true;
    }

    private SessionSummary? MakeRoom(int most)
    {
        if (_sessions.Count <= most)
        {
            return null;
        }

        var leaving = _sessions[_holders.OldestOfMost!];
        Drop(leaving.Session);
        Leave(leaving.Session, isOver: false, null);
        return leaving;
    }

    /// <summary>Whatever a write that hangs brings back: it is not listed again.</summary>
    private void Leave(string id, bool isOver, Holder? holder)
    {
        _removed.Remove(id);
        _removed.Add(id, (time.GetSteadyNow(), isOver, holder));
        if (_removed.Count > MaxRemoved)
        {
            _removed.RemoveAt(0);
        }
    }

    private void Put(SessionSummary session)
    {
        _sessions[session.Session] = session;
        _ends.Add((session.Expires, session.Session));
        _opened.Add((session.Opened, session.Session));
        _holders.Add(session);
    }

    private void Drop(string id, bool isOver = false)
    {
        if (_sessions.Remove(id, out var known))
        {
            _ends.Remove((known.Expires, id));
            _opened.Remove((known.Opened, id));
            _holders.Remove(known);
            stored.Remove(id, isOver);
        }
    }
    /// <summary>Whose a session is.</summary>
    internal sealed record Holder(string Authenticator, string Subject);
}

/// <summary>
/// Whose the sessions of a list are, and who has most of them. Each change costs the same few steps, however many there are.
/// </summary>
internal sealed class SessionHolders
{
    private readonly Dictionary<(string Authenticator, string Subject), Holder> _holders = [];
    private readonly SortedSet<Holder> _byCount = new(Comparer<Holder>.Create(Compare));

    /// <summary>The oldest session of who has most; of several such ones the oldest of all. <c>null</c> when there is none.</summary>
    public string? OldestOfMost => _byCount.Min?.Sessions.Min.Id;

    public void Add(SessionSummary session)
    {
        var key = (session.Authenticator, session.Subject);
        if (_holders.TryGetValue(key, out var holder))
        {
            _byCount.Remove(holder);
        }
        else
        {
            _holders[key] = holder = new Holder(session.Authenticator, session.Subject);
        }

        holder.Sessions.Add((session.Opened, session.Session));
        _byCount.Add(holder);
    }

    public void Remove(SessionSummary session)
    {
        var key = (session.Authenticator, session.Subject);
        var holder = _holders[key];
        _byCount.Remove(holder);
        holder.Sessions.Remove((session.Opened, session.Session));
        if (holder.Sessions.Count == 0)
        {
            _holders.Remove(key);
        }
        else
        {
            _byCount.Add(holder);
        }
    }

    private static int Compare(Holder one, Holder other)
    {
        var order = other.Sessions.Count.CompareTo(one.Sessions.Count);
        order = order != 0 ? order : one.Sessions.Min.CompareTo(other.Sessions.Min);
        order = order != 0 ? order : string.CompareOrdinal(one.Subject, other.Subject);
        return order != 0 ? order : string.CompareOrdinal(one.Authenticator, other.Authenticator);
    }

    private sealed class Holder(string authenticator, string subject)
    {
        public string Authenticator => authenticator;

        public string Subject => subject;

        public SortedSet<(DateTimeOffset At, string Id)> Sessions { get; } = [];
    }
}
