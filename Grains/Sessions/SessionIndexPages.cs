using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Where the list of a tenant's sessions is stored: the newest in one record, older ones in pages that it names. So a login writes the same
/// however many there are, and the end of an old session writes its page alone. For the single thread of a grain.
/// </summary>
/// <param name="open">Opens a record by its name.</param>
internal sealed class SessionIndexPages(Func<string, Stored<SessionIndex>> open)
{
    /// <summary>The most sessions of one record.</summary>
    public const int MaxPage = 256;

    /// <summary>How many pages are read or removed at once.</summary>
    private const int AtOnce = 16;

    /// <summary>How many pages that lost a session are written in one turn.</summary>
    private const int MaxWritten = 8;

    /// <summary>Pages beyond twice as many as the sessions fill; the emptiest are dissolved.</summary>
    private const int MostSpare = 8;

    private readonly Stored<SessionIndex> _root = open("sessions");
    private readonly Dictionary<string, Page> _pages = [];
    private readonly Dictionary<string, string> _places = [];
    private readonly HashSet<string> _newest = [];
    private readonly HashSet<string> _lessened = [];
    private readonly HashSet<string> _dropped = [];
    private SessionIndex? _seen;
    private bool _isUnwritten;

    /// <summary>How many pages there are beside the newest.</summary>
    public int Count => _pages.Count;

    /// <summary>Whether there is anything to write.</summary>
    public bool IsUnwritten => _isUnwritten || _lessened.Count > 0 || AreSparse;

    private bool AreSparse => _pages.Count > MostSpare + (2 * (_places.Count / MaxPage));

    /// <summary>A session is listed, or listed as something else than before.</summary>
    public void Add(string session)
    {
        Remove(session, isOver: false);
        _newest.Add(session);
        _isUnwritten = true;
    }

    /// <summary>A session is listed no more.</summary>
    /// <param name="session">Its id.</param>
    /// <param name="isOver">Whether its time is: then what is stored of it is no hint at anything.</param>
    public void Remove(string session, bool isOver)
    {
        _isUnwritten |= _newest.Remove(session);
        if (_places.Remove(session, out var place) && _pages.TryGetValue(place, out var page))
        {
            page.Sessions.Remove(session);
            Lessened(place, page, isWorthIt: !isOver);
        }
    }

    /// <summary>Reads what is stored and was not read yet.</summary>
    /// <param name="take">Lists a session here, if it is not listed and has not left; <c>false</c> otherwise.</param>
    /// <exception cref="StateUnavailableException">Some of it cannot be read.</exception>
    public async Task Read(Func<SessionSummary, bool> take)
    {
        var root = await _root.Get();
        if (ReferenceEquals(root, _seen))
        {
            return;
        }

        TakeNewest(root, take);
        foreach (var some in root.Pages.Where(IsNews).ToList().Chunk(AtOnce))
        {
            var read = some.Select(link => (Link: link, Stored: open(NameOf(link.Id)))).ToList();
            await Task.WhenAll(read.Select(page => page.Stored.Get().AsTask()));
            read.ForEach(page => TakePage(page.Link, page.Stored, take));
        }

        _seen = root;
    }

    /// <summary>Writes what has changed.</summary>
    /// <param name="find">A session that is listed.</param>
    /// <param name="take">As <see cref="Read"/> says: another activation may have listed some.</param>
    /// <exception cref="StateUnavailableException">It may or may not have been written; what was not stays to be written.</exception>
    public async Task Write(Func<string, SessionSummary> find, Func<SessionSummary, bool> take)
    {
        while (_newest.Count >= MaxPage)
        {
            await Move(find);
        }

        if (AreSparse)
        {
            Dissolve();
        }

        if (_isUnwritten)
        {
            await WriteRoot(find, take);
        }

        foreach (var id in _lessened.Take(MaxWritten).ToList())
        {
            await WritePage(id, find);
        }
    }

    private bool IsNews(SessionPageLink link) => !_pages.ContainsKey(link.Id) && !_dropped.Contains(link.Id);

    private void TakeNewest(SessionIndex root, Func<SessionSummary, bool> take)
    {
        foreach (var session in root.Sessions.Values.Where(session => !_newest.Contains(session.Session)))
        {
            // What is stored there and listed elsewhere, or not at all, is not to stay.
            _isUnwritten |= !take(session) || !_newest.Add(session.Session);
        }
    }

    private void TakePage(SessionPageLink link, Stored<SessionIndex> stored, Func<SessionSummary, bool> take)
    {
        if (!IsNews(link))
        {
            return;
        }

        var page = new Page(stored, [], link.Expires);
        foreach (var session in stored.Value.Sessions.Values)
        {
            // Others may have to make room for it, also the last one of this page.
            if (take(session))
            {
                page.Sessions.Add(session.Session);
                (_pages[link.Id], _places[session.Session]) = (page, link.Id);
                _dropped.Remove(link.Id);
            }
        }

        Lessened(link.Id, page, isWorthIt: page.Sessions.Count < stored.Value.Sessions.Count);
    }

    private void Lessened(string id, Page page, bool isWorthIt)
    {
        if (page.Sessions.Count == 0)
        {
            _pages.Remove(id);
            _lessened.Remove(id);
            _dropped.Add(id);
            _isUnwritten = true;
        }
        else if (isWorthIt)
        {
            _lessened.Add(id);
        }
    }

    /// <summary>Moves the newest into a page, which nobody finds before it is named.</summary>
    private async Task Move(Func<string, SessionSummary> find)
    {
        var (id, moved) = (Guid.NewGuid().ToString("N"), _newest.Take(MaxPage).Select(find).ToList());
        var stored = open(NameOf(id));
        await stored.Change(_ => (new SessionIndex { Sessions = moved.ToDictionary(session => session.Session) }, true));
        var page = _pages[id] = new Page(stored, [], moved.Max(session => session.Expires));
        foreach (var session in moved.Select(session => session.Session).Where(_newest.Remove))
        {
            page.Sessions.Add(session);
            _places[session] = id;
        }

        _isUnwritten = true;
        Lessened(id, page, isWorthIt: page.Sessions.Count < moved.Count);
    }

    /// <summary>Puts what is left in the emptiest page with the newest.</summary>
    private void Dissolve()
    {
        var page = _pages.Values.MinBy(known => known.Sessions.Count)!;
        page.Sessions.ToList().ForEach(Add);
    }

    private async Task WriteRoot(Func<string, SessionSummary> find, Func<SessionSummary, bool> take)
    {
        try
        {
            var dropped = _dropped.ToList();
            SessionIndex? written = null;
            await _root.Change(before =>
            {
                if (!ReferenceEquals(before, _seen))
                {
                    TakeNewest(before, take);
                }

                _isUnwritten = false;
                var others = before.Pages.Where(IsNews).ToList();
                var next = new SessionIndex
                {
                    Sessions = _newest.ToDictionary(id => id, find),
                    Pages = [.. _pages.Select(page => page.Value.LinkOf(page.Key)), .. others],
                };
                written = others.Count == 0 ? next : null;
                return (next.Sessions.Count + next.Pages.Count == 0 ? null : next, true);
            });
            _seen = written ?? _seen;
            Discard(dropped).Ignore();
        }
        catch (Exception)
        {
            _isUnwritten = true;
            throw;
        }
    }

    private async Task WritePage(string id, Func<string, SessionSummary> find)
    {
        _lessened.Remove(id);
        if (!_pages.TryGetValue(id, out var page))
        {
            return;
        }

        try
        {
            await page.Stored.Change(_ => (new SessionIndex { Sessions = page.Sessions.ToDictionary(session => session, find) }, true));
        }
        catch (Exception)
        {
            _lessened.Add(id);
            throw;
        }
    }

    /// <summary>Removes pages that nothing names any more; what stays behind ends by itself.</summary>
    private async Task Discard(List<string> pages)
    {
        _dropped.ExceptWith(pages);
        foreach (var some in pages.Chunk(AtOnce))
        {
            foreach (Task removing in some.Select(id => open(NameOf(id)).Change<bool>(_ => (null, true))).ToList())
            {
                await removing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            }
        }
    }

    private static string NameOf(string page) => $"sessions-{page}";

    private sealed record Page(Stored<SessionIndex> Stored, HashSet<string> Sessions, DateTimeOffset Expires)
    {
        public SessionPageLink LinkOf(string id) => new(id, Sessions.Count, 0, default, Expires);
    }
}
