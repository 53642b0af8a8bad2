using RegistryProxy.Grains.Calls;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Puts a session into the list of its tenant, without holding its login up: the list of a silo that is silent gets it later. Who is
/// revoked by name needs no list.
/// </summary>
internal static class SessionIndexWriter
{
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns when the session is listed, or after half a second.</summary>
    public static Task Add(ISessionIndexGrain list, SessionKey key, SessionSummary session, TimeProvider time) =>
        Task.WhenAny(AddAtLast(list, key, session, time), Task.Delay(WriteTimeout, time));

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

    private static async Task AddAtLast(ISessionIndexGrain list, SessionKey key, SessionSummary session, TimeProvider time)
    {
        try
        {
            await GrainRetry.Call(
                async () =>
                {
                    await list.Add(key, session);
                    return true;
                },
                time, CancellationToken.None);
        }
        catch (Exception)
        {
            // It is not listed; it can be revoked by its subject all the same.
        }
    }
}
