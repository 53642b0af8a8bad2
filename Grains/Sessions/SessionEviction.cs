namespace RegistryProxy.Grains.Sessions;

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
