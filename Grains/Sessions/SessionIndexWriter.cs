using RegistryProxy.Grains.Calls;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Puts sessions into the lists of their tenants, without holding logins up: the list of a silo that is silent gets them later. One call
/// from this silo is under way for each list; sessions that are opened meanwhile go with the next. Who is revoked by name needs no list.
/// </summary>
internal sealed class SessionIndexWriter(TimeProvider time)
{
    /// <summary>How many sessions go with one call.</summary>
    public const int MaxAtOnce = 1000;

    /// <summary>How many sessions wait for one list. Those beyond are not listed; they end by themselves.</summary>
    public const int MaxWaiting = 20_000;

    private static readonly GrainRetry Telling =
        new(typeof(ISessionIndexGrain), nameof(ISessionIndexGrain.AddAll), TimeSpan.FromSeconds(8));

    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<SessionSummary>> _waiting = [];

    /// <summary>Returns at once; a list that does not answer is told again while its silo may be found out to be lost.</summary>
    /// <param name="list">The list of the tenant: the calls are those of the grain that asks.</param>
    /// <param name="tenant">The tenant.</param>
    /// <param name="session">The session.</param>
    public void Add(ISessionIndexGrain list, string tenant, SessionSummary session)
    {
        lock (_gate)
        {
            if (_waiting.TryGetValue(tenant, out var waiting))
            {
                if (waiting.Count < MaxWaiting)
                {
                    waiting.Add(session);
                }

                return;
            }

            _waiting[tenant] = [];
        }

        TellAll(list, tenant, [session]).Ignore();
    }

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

    private async Task TellAll(ISessionIndexGrain list, string tenant, List<SessionSummary> sessions)
    {
        while (sessions.Count > 0)
        {
            await ((Task)Tell(list, sessions)).ConfigureAwait(
                ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
            lock (_gate)
            {
                var waiting = _waiting[tenant];
                sessions = waiting.Count <= MaxAtOnce ? waiting : waiting[..MaxAtOnce];
                if (sessions.Count == 0)
                {
                    _waiting.Remove(tenant);
                }
                else
                {
                    _waiting[tenant] = waiting[sessions.Count..];
                }
            }
        }
    }

    private Task<bool> Tell(ISessionIndexGrain list, List<SessionSummary> sessions) => Telling.Call(
        async () =>
        {
            await list.AddAll(sessions);
            return true;
        },
        time, CancellationToken.None);
}
