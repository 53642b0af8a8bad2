using RegistryProxy.Grains.Calls;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Puts a session into the list of its tenant, without holding its login up: the list of a silo that is silent gets it later. Who is
/// revoked by name needs no list.
/// </summary>
internal static class SessionIndexWriter
{
    private static readonly GrainRetry Telling =
        new(typeof(ISessionIndexGrain), nameof(ISessionIndexGrain.Add), TimeSpan.FromSeconds(8));

    /// <summary>Returns at once; a list that does not answer is told again while its silo may be found out to be lost.</summary>
    public static void Add(ISessionIndexGrain list, SessionKey key, SessionSummary session, TimeProvider time) =>
        Telling.Call(
            async () =>
            {
                await list.Add(key, session);
                return true;
            },
            time, CancellationToken.None).Ignore();

    /// <summary>
    /// Takes sessions out that have ended before their time. Those of a list that is away stay until they would have ended.
    /// </summary>
    public static void Remove(ISessionIndexGrain list, IReadOnlyList<string> sessions)
    {
        if (sessions.Count > 0)
        {
            list.Remove(sessions).AsTask().Ignore();
        }
    }
}
