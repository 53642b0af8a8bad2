namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// How many sessions one identity may have. Old ones beyond a hundred make room, but none that is young: a fleet of nodes, or jobs of a CI
/// system, may share one identity, and whoever opened a session within the hour may be in the middle of a pull.
/// </summary>
internal static class SessionRoom
{
    /// <summary>The most sessions that are not young; the oldest make room.</summary>
    public const int MaxOld = 100;

    /// <summary>The most sessions at all: 10,000 nodes, each of which opens a new one at half of the life of the last.</summary>
    public const int MaxAll = 20_000;

    /// <summary>As long as the session of a NodeAgent lives.</summary>
    public static readonly TimeSpan Young = TimeSpan.FromHours(1);

    /// <summary>Adds a session, or puts it in the place of the one it continues, and takes out what is over or must make room.</summary>
    public static void Add(List<StoredSession> sessions, StoredSession session, DateTimeOffset now)
    {
        sessions.RemoveAll(known => known.Expires <= now || known.Id == session.Id);
        sessions.Add(session);
        var old = sessions.Count(known => now - known.Opened >= Young);
        var (tooOld, tooMany) = (old - MaxOld, sessions.Count - MaxAll);
        if (tooOld > 0 || tooMany > 0)
        {
            var leaving = sessions.OrderBy(known => known.Opened).Take(Math.Max(tooOld, tooMany)).ToHashSet();
            sessions.RemoveAll(leaving.Contains);
        }
    }
}
