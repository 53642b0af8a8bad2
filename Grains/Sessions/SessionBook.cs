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

/// <summary>
/// How many sessions one identity may have. Old ones beyond a hundred make room, but none that is young: a fleet of nodes, or jobs of a CI
/// system, may share one identity, and whoever opened a session within the hour may be in the middle of a pull. Of pages whole ones leave.
/// </summary>
internal static class SessionEviction
{
    /// <summary>The most sessions that are not young, and those of one page; the oldest make room.</summary>
    public const int MaxOld = 100;

    /// <summary>The most sessions at all: 10,000 nodes, each of which opens a new one at half of the life of the last.</summary>
    public const int MaxAll = 20_000;

    /// <summary>The most bytes of all sessions, about.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>How many sessions are written again with each login.</summary>
    public const int MaxRecent = 64;

    /// <summary>The most sessions of one page: many logins at once fill it at once.</summary>
    public const int MaxPage = 256;

    /// <summary>As long as the session of a NodeAgent lives.</summary>
    public static readonly TimeSpan Young = TimeSpan.FromHours(1);

    /// <summary>
    /// The state with a session more, or in the place of the one that it continues, and without what is over or must make room.
    /// </summary>
    public static SessionState Add(SessionState state, StoredSession session, DateTimeOffset now) => Fit(
        state with { Sessions = [.. state.Sessions.Where(known => known.Expires > now && known.Id != session.Id), session] }, now);

    /// <summary>The state without what is over; the very same when nothing is.</summary>
    public static SessionState Trim(SessionState state, DateTimeOffset now) =>
        state.Sessions.TrueForAll(session => session.Expires > now) && state.Pages.TrueForAll(page => page.Expires > now)
            ? state
            : state with
            {
                Sessions = state.Sessions.FindAll(session => session.Expires > now), Pages = state.Pages.FindAll(page => page.Expires > now)
            };

    private static SessionState Fit(SessionState state, DateTimeOffset now)
    {
        var pages = state.Pages.FindAll(page => page.Expires > now);
        var old = pages.FindAll(page => IsOld(page.Opened, now)).Sum(page => page.Count);
        var (all, bytes) = (pages.Sum(page => page.Count) + state.Sessions.Count,
            pages.Sum(page => page.Bytes) + state.Sessions.Sum(session => session.Bytes));
        while (pages.Count > 0 && (all > MaxAll || bytes > MaxBytes || (IsOld(pages[0].Opened, now) && old - pages[0].Count >= MaxOld)))
        {
            (all, bytes, old) = (all - pages[0].Count, bytes - pages[0].Bytes, old - (IsOld(pages[0].Opened, now) ? pages[0].Count : 0));
            pages.RemoveAt(0);
        }

        return state with { Pages = pages, Sessions = WithoutOld(state.Sessions, pages.Count > 0 ? int.MaxValue : MaxOld, now) };
    }

    private static List<StoredSession> WithoutOld(List<StoredSession> sessions, int most, DateTimeOffset now)
    {
        var tooOld = sessions.Count(session => IsOld(session.Opened, now)) - most;
        var leaving = tooOld > 0 ? sessions.OrderBy(session => session.Opened).Take(tooOld).ToHashSet() : [];
        return leaving.Count > 0 ? sessions.FindAll(session => !leaving.Contains(session)) : sessions;
    }

    private static bool IsOld(DateTimeOffset opened, DateTimeOffset now) => now - opened >= Young;
}
