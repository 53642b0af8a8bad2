using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Lists the sessions of a tenant and finds the grain of one by its id. The list is written once a second at most, since it is written whole:
/// a crash may forget the sessions of that second here, and here alone.
/// </summary>
[GrainType("tenantsessions")]
internal sealed class TenantSessionsGrain(
    [PersistentState("sessions", GrainStorageNames.State)] IPersistentState<SessionIndex> index,
    IConfigurationFeed configuration, TimeProvider time)
    : Grain, ITenantSessionsGrain, ISessionIndexGrain
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>How many identities are tidied up in one period.</summary>
    private const int TidiedAtOnce = 50;

    private readonly Queue<SessionKey> _over = new();
    private bool _unwritten;

    /// <summary>The most sessions that are listed; the oldest make room.</summary>
    private const int Capacity = 100_000;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        this.RegisterGrainTimer(
            static (self, cancellation) => self.KeepUp(cancellation), this,
            new GrainTimerCreationOptions { DueTime = Period, Period = Period, Interleave = false });
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => WriteNew(cancellationToken);

    public ValueTask Add(SessionKey key, SessionSummary session)
    {
        if (index.State.Sessions.Count >= Capacity)
        {
            Prune();
        }

        index.State.Sessions[session.Session] = session;
        _unwritten = true;
        return ValueTask.CompletedTask;
    }

    public ValueTask<SessionList> List(int limit, CancellationToken cancellation = default)
    {
        Prune();
        return new(new SessionList(index.State.Sessions.Count, [.. index.State.Sessions.Values.OrderByDescending(session => session.Opened).Take(limit)]));
    }

    public async ValueTask<int> RevokeSubject(string subject, CancellationToken cancellation = default)
    {
        // Authenticators that the list does not name may have a session of it all the same, from the second before a crash.
        var sessions = index.State.Sessions.Values.Where(session => session.Subject == subject).ToList();
        var ended = 0;
        foreach (var authenticator in sessions.Select(session => session.Authenticator).Union(Authenticators))
        {
            ended += await Authority(authenticator, subject).RevokeAll() ? 1 : 0;
        }

        return Math.Max(ended, await Forget(sessions));
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

    private IEnumerable<string> Authenticators =>
        configuration.Current.Configuration.Tenants.GetValueOrDefault(this.GetPrimaryKeyString())?.Authenticators ?? [];

    private ISessionAuthorityGrain Authority(string authenticator, string subject) =>
        GrainFactory.GetGrain<ISessionAuthorityGrain>(new SessionKey(this.GetPrimaryKeyString(), authenticator, subject).ToString());

    private async Task<int> Forget(List<SessionSummary> sessions)
    {
        foreach (var session in sessions)
        {
            index.State.Sessions.Remove(session.Session);
        }

        await Write(CancellationToken.None);
        return sessions.Count;
    }

    private async Task KeepUp(CancellationToken cancellation)
    {
        Prune();
        await WriteNew(cancellation);
        for (var tidied = 0; tidied < TidiedAtOnce && _over.TryDequeue(out var over); tidied++)
        {
            try
            {
                await Authority(over.Authenticator, over.Subject).Tidy();
            }
            catch (Exception)
            {
                // The storage, or the silo that has the grain, is away: later.
                _over.Enqueue(over);
                return;
            }
        }
    }

    private Task WriteNew(CancellationToken cancellation) => _unwritten ? Write(cancellation) : Task.CompletedTask;

    private async Task Write(CancellationToken cancellation)
    {
        try
        {
            await index.WriteStateAsync(cancellation);
            _unwritten = false;
        }
        catch (Orleans.Storage.InconsistentStateException)
        {
            // Another activation wrote first: the next one reads what it wrote.
            _unwritten = false;
            DeactivateOnIdle();
            throw;
        }
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
            _unwritten |= index.State.Sessions.Remove(session.Session);
            _over.Enqueue(new SessionKey(this.GetPrimaryKeyString(), session.Authenticator, session.Subject));
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
