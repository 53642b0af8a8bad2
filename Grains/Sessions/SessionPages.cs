using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// The older sessions of one identity: the pages that its state names, in memory, and where each session is. For the single thread of a
/// grain.
/// </summary>
internal sealed class SessionPages(Func<string, Stored<SessionPage>> open)
{
    /// <summary>How many pages are read at once.</summary>
    private const int AtOnce = 16;

    private readonly Dictionary<string, Stored<SessionPage>> _pages = [];
    private readonly Dictionary<string, SessionLookup> _lookups = [];
    private readonly Dictionary<string, string> _places = [];
    private readonly Dictionary<string, string> _shared = [];
    private readonly StateFlight _loading = new();
    private List<SessionPageLink>? _links;

    /// <summary>Whether the pages that a state names are here, and no others.</summary>
    public bool AreOf(SessionState state) => ReferenceEquals(state.Pages, _links);

    /// <summary>
    /// Reads the pages that a state names and that are not here yet, and forgets those that it does not name any more; of another state, if
    /// that is under way, whose faults are not the caller's.
    /// </summary>
    public Task Load(SessionState state) => _loading.Join(state, LoadNow);

    /// <summary>A session of a page; <c>null</c> when there is none of this id.</summary>
    public StoredSession? Find(string id) =>
        _places.TryGetValue(id, out var place) && _pages.TryGetValue(place, out var page)
            ? _lookups[place].Find(page.Value.Sessions, id) : null;

    /// <summary>
    /// The newest session without a refresh token that was opened by the same credential, claims and groups, in one of some pages.
    /// </summary>
    public StoredSession? FindShared(StoredSession fresh, List<SessionPageLink> among) =>
        among.Count > 0 && _shared.TryGetValue(SharedKey(fresh), out var id)
            && _places.TryGetValue(id, out var place) && among.Exists(link => link.Id == place)
            ? Find(id)
            : null;

    /// <summary>What a page has now; must never be changed.</summary>
    public List<StoredSession>? SessionsOf(SessionPageLink link) => _pages.GetValueOrDefault(link.Id)?.Value.Sessions;

    /// <summary>Writes sessions into a page of their own. Nobody finds them there before a state names it.</summary>
    public async Task<SessionPageLink> Write(List<StoredSession> sessions)
    {
        var id = Guid.NewGuid().ToString("N");
        await open(id).Change(_ => (new SessionPage { Sessions = sessions }, true));
        return new SessionPageLink(
            id, sessions.Count, sessions.Sum(session => session.Bytes), sessions.Max(session => session.Opened),
            sessions.Max(session => session.Expires));
    }

    /// <summary>Takes a session out of every page that it is in; <c>false</c> when it is in none.</summary>
    public async Task<bool> Remove(string id)
    {
        var removed = false;
        foreach (var page in _pages.Values.Where(page => page.Value.Sessions.Exists(session => session.Id == id)).ToList())
        {
            removed |= await page.Change(
                known => known.Sessions.FindAll(session => session.Id != id) is var left && left.Count < known.Sessions.Count
                ? (left.Count == 0 ? null : known with { Sessions = left }, true)
                : (known, false));
        }

        return removed;
    }

    /// <summary>Whether a session is in any page.</summary>
    public bool Has(string id) => _pages.Values.Any(page => page.Value.Sessions.Exists(session => session.Id == id));

    /// <summary>Removes pages that nothing names any more; what stays behind ends by itself.</summary>
    public async Task Discard(IEnumerable<SessionPageLink> links)
    {
        foreach (var link in links)
        {
            try
            {
                await (_pages.GetValueOrDefault(link.Id) ?? open(link.Id)).Change<bool>(_ => (null, true));
            }
            catch (Exception)
            {
                // The storage is away; the record knows its own end.
            }
        }
    }

    private async Task LoadNow(SessionState state)
    {
        foreach (var some in state.Pages.Where(link => !_pages.ContainsKey(link.Id)).ToList().Chunk(AtOnce))
        {
            var read = some.Select(link => (link.Id, Page: open(link.Id))).ToList();
            await Task.WhenAll(read.Select(item => item.Page.Get().AsTask()));
            foreach (var (id, page) in read)
            {
                (_pages[id], _lookups[id]) = (page, new SessionLookup());
                Note(id, page.Value.Sessions);
            }
        }

        var named = state.Pages.Select(link => link.Id).ToHashSet();
        foreach (var gone in _pages.Keys.Where(id => !named.Contains(id)).ToList())
        {
            Forget(gone);
        }

        _links = state.Pages;
    }

    private void Note(string page, List<StoredSession> sessions)
    {
        foreach (var session in sessions)
        {
            _places[session.Id] = page;
            if (session.TokenHash is null)
            {
                _shared[SharedKey(session)] = session.Id;
            }
        }
    }

    private void Forget(string page)
    {
        _pages.Remove(page);
        _lookups.Remove(page);
        foreach (var id in _places.Where(place => place.Value == page).Select(place => place.Key).ToList())
        {
            _places.Remove(id);
        }

        foreach (var key in _shared.Where(shared => !_places.ContainsKey(shared.Value)).Select(shared => shared.Key).ToList())
        {
            _shared.Remove(key);
        }
    }

    private static string SharedKey(StoredSession session) => session.Claims is not { } claims
        ? session.CredentialStamp
        : string.Join('\0', claims.OrderBy(claim => claim.Key, StringComparer.Ordinal).Select(claim => $"{claim.Key}\u0001{claim.Value}")
            .Prepend(session.CredentialStamp).Concat((session.Groups ?? []).Select(group => $"\u0002{group}"))
            .Concat((session.Required ?? NoClaims).OrderBy(claim => claim.Key, StringComparer.Ordinal).SelectMany(
                claim => claim.Value.Select(text => $"\u0003{text}").Prepend($"\u0004{claim.Key}"))));

    private static IReadOnlyDictionary<string, IReadOnlyList<string>> NoClaims { get; } = new Dictionary<string, IReadOnlyList<string>>();
}

/// <summary>
/// Work on the latest state of an identity that runs one at a time. Whoever comes with another state than it runs for hears nothing of what
/// becomes of it: neither its result nor its fault is his. For the single thread of a grain.
/// </summary>
internal sealed class StateFlight
{
    private Task _running = Task.CompletedTask;
    private SessionState? _of;

    /// <summary>Does it for a state; <c>false</c> when it was waited for another one's alone, and the caller has to look again.</summary>
    public async Task<bool> Join(SessionState state, Func<SessionState, Task> work)
    {
        if (_running.IsCompleted)
        {
            _of = state;
            _running = work(state);
        }
        else if (!ReferenceEquals(_of, state))
        {
            await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            return false;
        }

        await _running;
        return true;
    }
}

/// <summary>Finds sessions by their ids in a list that nobody changes, only replaces. For the single thread of a grain.</summary>
internal sealed class SessionLookup
{
    private List<StoredSession>? _sessions;
    private Dictionary<string, StoredSession> _byId = [];

    /// <summary>A session of the list; <c>null</c> when there is none of this id.</summary>
    public StoredSession? Find(List<StoredSession> sessions, string id)
    {
        if (!ReferenceEquals(sessions, _sessions))
        {
            (_sessions, _byId) = (sessions, new Dictionary<string, StoredSession>(sessions.Count));
            sessions.ForEach(session => _byId.TryAdd(session.Id, session));
        }

        return _byId.GetValueOrDefault(id);
    }
}
