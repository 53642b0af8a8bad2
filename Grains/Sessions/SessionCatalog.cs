using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// The list of a tenant's sessions in memory, written now and then as a whole: what comes costs the same however many there are, and what
/// was not written yet stays to be written. For the single thread of a grain.
/// </summary>
internal sealed class SessionCatalog(Stored<SessionIndex> stored, TimeProvider time)
{
    /// <summary>
    /// The most sessions that are listed; the oldest of the identity that has most make room, so that nobody pushes out others.
    /// </summary>
    public const int Capacity = 100_000;

    /// <summary>How much is written in a second on average, about, once the list is long.</summary>
    public const int MaxBytesPerSecond = 1 << 20;

    /// <summary>About what a session takes in the record.</summary>
    private const int BytesEach = 256;

    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, SessionSummary> _sessions = [];
    private readonly SortedSet<(DateTimeOffset At, string Id)> _ends = [];
    private readonly SortedSet<(DateTimeOffset At, string Id)> _opened = [];
    private readonly SessionHolders _holders = new();
    private readonly HashSet<string> _removed = [];
    private SessionIndex? _seen;
    private bool _isUnwritten;
    private DateTimeOffset _writeFrom;

    public int Count => _sessions.Count;

    public IEnumerable<SessionSummary> All => _sessions.Values;

    /// <summary>All, the newest first.</summary>
    public IEnumerable<SessionSummary> NewestFirst => _opened.Reverse().Select(opened => _sessions[opened.Id]);

    public SessionSummary? Find(string id) => _sessions.GetValueOrDefault(id);

    /// <summary>Reads what is stored and has not been read yet; <c>false</c> when the storage is away.</summary>
    public async Task<bool> Read()
    {
        try
        {
            Take(await stored.Get());
            return true;
        }
        catch (StateUnavailableException)
        {
            return _seen is not null;
        }
    }

    /// <summary>Lists a session; returns one that had to make room for it.</summary>
    public SessionSummary? Add(SessionSummary session)
    {
        Drop(session.Session);
        _removed.Remove(session.Session);
        var leaving = MakeRoom(Capacity - 1);
        Put(session);
        _isUnwritten = true;
        return leaving;
    }

    public void Remove(string id)
    {
        // What is stored may not have been read yet.
        if (Drop(id) || _seen is null)
        {
            _removed.Add(id);
            _isUnwritten = true;
        }
    }

    /// <summary>Takes out what is over, and returns it.</summary>
    public List<SessionSummary> Prune()
    {
        List<SessionSummary> over = [];
        while (_ends.Count > 0 && _ends.Min.At <= time.GetUtcNow())
        {
            over.Add(_sessions[_ends.Min.Id]);
            Remove(_ends.Min.Id);
        }

        return over;
    }

    /// <summary>Writes the list if it has changed and the last write was long enough ago for its length.</summary>
    public async Task Write(bool now)
    {
        if (!_isUnwritten || (!now && time.GetUtcNow() < _writeFrom))
        {
            return;
        }

        _isUnwritten = false;
        var length = TimeSpan.FromSeconds((double)_sessions.Count * BytesEach / MaxBytesPerSecond);
        _writeFrom = time.GetUtcNow() + (length > Pace ? length : Pace);
        try
        {
            _removed.ExceptWith(await stored.Change(before =>
            {
                Take(before);
                _seen = new SessionIndex { Sessions = new(_sessions) };
                return (_sessions.Count == 0 ? null : _seen, _removed.ToList());
            }));
        }
        catch (Exception)
        {
            _isUnwritten = true;
            throw;
        }
    }

    /// <summary>What another activation listed is listed here, too.</summary>
    private void Take(SessionIndex index)
    {
        if (ReferenceEquals(index, _seen))
        {
            return;
        }

        foreach (var session in index.Sessions.Values.Where(
            session => !_sessions.ContainsKey(session.Session) && !_removed.Contains(session.Session)))
        {
            MakeRoom(Capacity - 1);
            Put(session);
        }

        _seen = index;
    }

    private SessionSummary? MakeRoom(int most)
    {
        if (_sessions.Count <= most)
        {
            return null;
        }

        var leaving = _sessions[_holders.OldestOfMost!];
        Remove(leaving.Session);
        return leaving;
    }

    private void Put(SessionSummary session)
    {
        _sessions[session.Session] = session;
        _ends.Add((session.Expires, session.Session));
        _opened.Add((session.Opened, session.Session));
        _holders.Add(session);
    }

    private bool Drop(string id)
    {
        if (!_sessions.Remove(id, out var known))
        {
            return false;
        }

        _ends.Remove((known.Expires, id));
        _opened.Remove((known.Opened, id));
        _holders.Remove(known);
        return true;
    }
}
