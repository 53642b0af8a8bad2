using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// The sessions of one identity as they are stored: the newest with what was proved last, older ones in pages. What it gives out is stored;
/// what it took back is so for good once it says so. For the single thread of a grain.
/// </summary>
internal sealed class SessionBook(Stored<SessionState> newest, SessionPages pages, TimeProvider time)
{
    /// <summary>Sessions that may have ended: an attempt to end them failed.</summary>
    private readonly HashSet<string> _doubtful = [];
    private readonly StateFlight _moving = new();
    private readonly SessionLookup _newest = new();
    private bool _areAllDoubtful;

    /// <summary>What is stored, with its pages at hand.</summary>
    public async ValueTask<SessionState> Read()
    {
        while (true)
        {
            var state = await newest.Get();
            if (pages.AreOf(state))
            {
                return state;
            }

            await pages.Load(state);
        }
    }

    /// <summary>A session that is not over. Only after <see cref="Read"/>, in the same turn.</summary>
    public StoredSession? Find(SessionState state, string id) =>
        (_newest.Find(state.Sessions, id) ?? pages.Find(id)) is { } found && found.Expires > time.GetUtcNow() ? found : null;

    /// <summary>The newest sessions that are not over. Only after <see cref="Read"/>, in the same turn.</summary>
    public IEnumerable<StoredSession> Newest(SessionState state, int most) => state.Sessions
        .Concat(state.Pages.SelectMany(page => pages.SessionsOf(page) ?? [])).DistinctBy(session => session.Id)
        .Where(session => session.Expires > time.GetUtcNow()).OrderByDescending(session => session.Opened).Take(most);

    /// <summary>Opens a session; one without a refresh token goes on with one that is there.</summary>
    /// <param name="identity">What was proved.</param>
    /// <param name="fresh">The session to open, if there is none to go on with.</param>
    /// <param name="enough">How long a session must last at least to go on with it as it is.</param>
    public async Task<BookedSession> Open(VerifiedIdentity identity, StoredSession fresh, TimeSpan enough)
    {
        var state = await Read();
        var (known, booked, _) = Opened(state, identity, fresh, enough);
        if (ReferenceEquals(known, state) && !_areAllDoubtful)
        {
            // It is stored already, so nothing is asked of a storage that may be away.
            return booked;
        }

        await MakeRoom(state);
        (booked, var gone, var ended) = await newest.Change(before =>
        {
            var (next, opened, left) = Opened(before, identity, fresh, enough);

            // An attempt to end all of them may be late, and must meet another version.
            return (_areAllDoubtful && ReferenceEquals(next, before) ? before with { } : next,
                (opened, left.ToList(), Ended(before, next)));
        });
        _areAllDoubtful = false;
        pages.Discard(gone).Ignore();
        return booked with { Ended = ended };
    }

    /// <summary>Sessions that made room for others.</summary>
    private List<string> Ended(SessionState before, SessionState next)
    {
        if (before.Sessions.Count < next.Sessions.Count && before.Pages.Count == next.Pages.Count)
        {
            return [];
        }

        var left = next.Sessions.Select(session => session.Id).ToHashSet();
        return
        [
            .. before.Pages.Except(next.Pages).SelectMany(page => pages.SessionsOf(page) ?? []).Concat(before.Sessions)
                .Select(session => session.Id).Where(id => !left.Contains(id)).Distinct(),
        ];
    }

    /// <summary>Ends one session; <c>false</c> when there is none of this id.</summary>
    public async Task<bool> Remove(string id)
    {
        var removed = false;
        _doubtful.Add(id);
        do
        {
            // From its page first: nobody goes on with it from there once it is out of the newest.
            await Read();
            removed |= await pages.Remove(id);
            removed |= await newest.Change(before =>
                before.Sessions.FindAll(session => session.Id != id) is var left && left.Count < before.Sessions.Count
                    ? (OrNothing(before with { Sessions = left }), true)
                    : (before, false));
            await Read();
        }
        while (pages.Has(id));
        _doubtful.Remove(id);
        return removed;
    }

    /// <summary>
    /// Ends every session; <c>false</c> when there was none. Ids of sessions never come again, so nothing needs to be kept of them.
    /// </summary>
    public async Task<bool> Clear()
    {
        _areAllDoubtful = true;
        var (had, links) = await newest.Change<(bool, List<SessionPageLink>)>(before => (null, (!before.IsEmpty, before.Pages)));
        _areAllDoubtful = false;
        _doubtful.Clear();
        pages.Discard(links).Ignore();
        return had;
    }

    /// <summary>Forgets what is over, and everything when nothing is left.</summary>
    public async Task Tidy()
    {
        var gone = await newest.Change(before =>
        {
            var left = SessionEviction.Trim(before, time.GetUtcNow());
            return (ReferenceEquals(left, before) ? before : OrNothing(left), before.Pages.Except(left.Pages).ToList());
        });
        pages.Discard(gone).Ignore();
    }

    private static SessionState? OrNothing(SessionState state) => state.IsEmpty ? null : state;

    private (SessionState Next, BookedSession Booked, IEnumerable<SessionPageLink> Gone) Opened(
        SessionState before, VerifiedIdentity identity, StoredSession fresh, TimeSpan enough)
    {
        var (now, links) = (time.GetUtcNow(), before.Pages);
        before = before.Identity?.IsOfAnother(identity.Prover) == true
            ? before with { Sessions = [], Pages = [], Identity = null } : before;
        var known = before.Identity;

        // What a session has for itself says nothing of the others.
        identity = fresh.Claims is null || known is null ? identity
            : identity with { Claims = known.Claims, Groups = known.Groups, Required = known.Required };
        var says = known?.SaysTheSameAs(identity) == true;
        var proved = says && known!.CredentialStamp == identity.CredentialStamp && known.Prover == identity.Prover ? known : identity;
        var live = fresh.TokenHash is null ? Reusable(before, fresh, now) : null;
        var session = live is null ? fresh : live.Expires - now < enough ? live with { Expires = fresh.Expires } : live;
        var next = ReferenceEquals(proved, before.Identity) ? before : before with { Identity = proved };
        var isWritten = !ReferenceEquals(session, live);
        next = isWritten ? SessionEviction.Add(next, session, now) : next;
        return (next, new BookedSession(session, before.Generation, proved, isWritten, says ? null : known), links.Except(next.Pages));
    }

    /// <summary>A session that is stored, or will be with this very write.</summary>
    private StoredSession? Reusable(SessionState state, StoredSession fresh, DateTimeOffset now)
    {
        var recent = state.Sessions.FindLast(session =>
            session.TokenHash is null && !_doubtful.Contains(session.Id) && session.CredentialStamp == fresh.CredentialStamp
                && session.Expires > now && session.WasOpenedLike(fresh));
        return recent
            ?? (pages.FindShared(fresh, state.Pages) is { } older && older.Expires > now
                && !_doubtful.Contains(older.Id) ? older : null);
    }

    /// <summary>Moves the newest sessions into a page when they are many; one at a time.</summary>
    private async Task MakeRoom(SessionState state)
    {
        while (state.Sessions.Count >= SessionEviction.MaxRecent && !await _moving.Join(state, Move))
        {
            state = await Read();
        }
    }

    private async Task Move(SessionState state)
    {
        while (state.Sessions.Count >= SessionEviction.MaxRecent)
        {
            var moving = state.Sessions.Take(SessionEviction.MaxPage).ToList();
            var last = state.Pages.LastOrDefault(page => page.Count + moving.Count <= SessionEviction.MaxPage && page == state.Pages[^1]);
            var older = last is null ? [] : pages.SessionsOf(last) ?? [];
            var link = await pages.Write([.. older.ExceptBy(moving.Select(session => session.Id), session => session.Id), .. moving]);
            var moved = await newest.Change(before =>
            {
                var left = before.Sessions.Except(moving).ToList();
                return left.Count == before.Sessions.Count - moving.Count
                    && (last is null || (before.Pages.Contains(last) && ReferenceEquals(pages.SessionsOf(last), older)))
                    ? (before with { Sessions = left, Pages = [.. before.Pages.Where(page => page != last), link] }, true)
                    : (before, false);
            });

            // When one of them ended or went on meanwhile, nobody may find it in the new page.
            pages.Discard(moved ? last is null ? [] : [last] : [link]).Ignore();
            if (!moved)
            {
                return;
            }

            state = await Read();
        }
    }
}

/// <summary>A session that is stored.</summary>
/// <param name="Session">The session.</param>
/// <param name="Generation">What access tokens must name.</param>
/// <param name="Identity">What was proved, as it is stored.</param>
/// <param name="IsWritten">Whether it was opened, or lasts longer than before.</param>
/// <param name="Former">What was proved before, if this says something else of the subject; <c>null</c> otherwise.</param>
internal sealed record BookedSession(
    StoredSession Session, long Generation, VerifiedIdentity Identity, bool IsWritten, VerifiedIdentity? Former)
{
    /// <summary>The ids of sessions that made room for it.</summary>
    public IReadOnlyList<string> Ended { get; init; } = [];
}
