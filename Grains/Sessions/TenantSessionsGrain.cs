using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>Lists the sessions of a tenant and finds the grain of one by its id.</summary>
internal sealed class TenantSessionsGrain(
    [PersistentState("sessions", GrainStorageNames.State)] IPersistentState<SessionIndex> index, TimeProvider time)
    : Grain, ITenantSessionsGrain, ISessionIndexGrain
{
    /// <summary>The most sessions that are listed; the oldest make room.</summary>
    private const int Capacity = 100_000;

    public async ValueTask Add(SessionKey key, SessionSummary session)
    {
        Prune();
        index.State.Sessions[session.Session] = session;
        await index.WriteStateAsync();
    }

    public ValueTask<IReadOnlyList<SessionSummary>> List(CancellationToken cancellation = default)
    {
        Prune();
        return new([.. index.State.Sessions.Values.OrderByDescending(session => session.Opened)]);
    }

    public async ValueTask<int> RevokeSubject(string subject, CancellationToken cancellation = default)
    {
        var sessions = index.State.Sessions.Values.Where(session => session.Subject == subject).ToList();
        foreach (var authenticator in sessions.Select(session => session.Authenticator).Distinct())
        {
            await Authority(authenticator, subject).RevokeAll();
        }

        return await Forget(sessions);
    }

    public async ValueTask<bool> RevokeSession(string sessionId, CancellationToken cancellation = default)
    {
        if (!index.State.Sessions.TryGetValue(sessionId, out var session))
        {
            return false;
        }

        var revoked = await Authority(session.Authenticator, session.Subject).Revoke(sessionId);
        await Forget([session]);
        return revoked;
    }

    private ISessionAuthorityGrain Authority(string authenticator, string subject) =>
        GrainFactory.GetGrain<ISessionAuthorityGrain>(new SessionKey(this.GetPrimaryKeyString(), authenticator, subject).ToString());

    private async Task<int> Forget(List<SessionSummary> sessions)
    {
        foreach (var session in sessions)
        {
            index.State.Sessions.Remove(session.Session);
        }

        await index.WriteStateAsync();
        return sessions.Count;
    }

    private void Prune()
    {
        var now = time.GetUtcNow();
        var over = index.State.Sessions.Values.Where(session => session.Expires <= now).ToList();
        if (index.State.Sessions.Count - over.Count >= Capacity)
        {
            over.AddRange(index.State.Sessions.Values.OrderBy(session => session.Opened).Take(Capacity / 100));
        }

        foreach (var session in over)
        {
            index.State.Sessions.Remove(session.Session);
        }
    }
}

/// <summary>What is kept of a tenant's sessions.</summary>
[GenerateSerializer, Alias("rp.session-index")]
internal sealed class SessionIndex
{
    [Id(0)]
    public Dictionary<string, SessionSummary> Sessions { get; set; } = [];
}
