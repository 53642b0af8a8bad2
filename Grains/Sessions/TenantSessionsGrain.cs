using RegistryProxy.Configuration;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Robots;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Grains.Timers;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// Lists the sessions of a tenant and finds the grain of one by its id. A crash may forget the sessions of the last second here, and here
/// alone; one that is over is not shown, whatever the list says.
/// </summary>
[GrainType("tenantsessions")]
internal sealed class TenantSessionsGrain(StateStore store, IConfigurationFeed configuration, TimeProvider time)
    : Grain, ITenantSessionsGrain, ISessionIndexGrain
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    /// <summary>How many identities are tidied up in one period.</summary>
    private const int TidiedAtOnce = 50;

    private readonly Queue<SessionKey> _over = new();
    private readonly HashSet<SessionKey> _known = [];
    private SessionCatalog _sessions = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _sessions = new SessionCatalog(new SessionIndexPages(name => store.Open<SessionIndex>(name, this.GetGrainId())), time);
        this.StartTimer(
            static (self, _) => self.KeepUp(),
            new GrainTimerCreationOptions { DueTime = Period, Period = Period, Interleave = false });
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _sessions.Write(now: true);

    public ValueTask Add(SessionKey key, SessionSummary session) => AddAll([session]);

    public ValueTask AddAll(IReadOnlyList<SessionSummary> sessions)
    {
        foreach (var session in sessions)
        {
            if (_sessions.Add(session) is { } oldest)
            {
                Enqueue(oldest);
            }
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask Remove(IReadOnlyList<string> sessions)
    {
        foreach (var session in sessions)
        {
            _sessions.Remove(session);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask<SessionList> List(int limit, CancellationToken cancellation = default) => Find("", 0, limit, cancellation);

    public async ValueTask<SessionList> Find(string search, int offset, int limit, CancellationToken cancellation = default)
    {
        await Read();
        Prune();
        return await new SessionListing(_sessions, OverAmong, time).Find(search, offset, limit);
    }

    public async ValueTask<int> RevokeSubject(string subject, CancellationToken cancellation = default)
    {
        if (!VerifiedIdentity.IsUsableSubject(subject))
        {
            return 0;
        }

        // Authenticators that the list does not name may have a session of it all the same, from the second before a crash.
        await _sessions.Read();
        var sessions = _sessions.All.Where(session => session.Subject == subject).ToList();
        var ended = 0;
        foreach (var authenticator in sessions.Select(session => session.Authenticator).Union(AuthenticatorsOf(subject)))
        {
            ended += await Authority(authenticator, subject).RevokeAll() ? 1 : 0;
        }

        // Those that are listed may have been ended by an attempt that could not say so.
        await Forget(sessions);
        return Math.Max(ended, sessions.Count);
    }

    public async ValueTask<bool> RevokeSession(string sessionId, CancellationToken cancellation = default)
    {
        await Read();
        if (_sessions.Find(sessionId) is not { } session)
        {
            // An attempt may have ended it that could not tell the gateways, and a listing may have found it over since.
            return _sessions.HolderOfEnded(sessionId) is { } holder
                && await Authority(holder.Authenticator, holder.Subject).Revoke(sessionId);
        }

        await Authority(session.Authenticator, session.Subject).Revoke(sessionId);
        await Forget([session]);
        return true;
    }

    /// <summary>Whom a directory or an issuer calls as a robot is called may have sessions, too.</summary>
    private IEnumerable<string> AuthenticatorsOf(string subject)
    {
        var all = configuration.Current.Configuration.Tenants.GetValueOrDefault(this.GetPrimaryKeyString())?.SessionAuthenticators ?? [];
        return RobotName.TryGet(subject, out _) ? [AuthenticatorConfiguration.Robot, .. all] : all;
    }

    private ISessionAuthorityGrain Authority(string authenticator, string subject) =>
        GrainFactory.GetGrain<ISessionAuthorityGrain>(new SessionKey(this.GetPrimaryKeyString(), authenticator, subject).ToString());

    private async Task<IReadOnlyList<string>> OverAmong(string authenticator, string subject, IReadOnlyList<string> sessions) =>
        await Authority(authenticator, subject).OverAmong(sessions);

    private async Task Read()
    {
        if (!await _sessions.Read())
        {
            throw new StateUnavailableException("the list of sessions cannot be read now");
        }
    }

    /// <summary>They have ended already: what cannot be written now is written later.</summary>
    private async Task Forget(List<SessionSummary> sessions)
    {
        sessions.ForEach(session => _sessions.Remove(session.Session));
        await _sessions.Write(now: true)
            .ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task KeepUp()
    {
        if (!await _sessions.Read())
        {
            return;
        }

        Prune();
        await _sessions.Write(now: false);
        for (var tidied = 0; tidied < TidiedAtOnce && _over.TryDequeue(out var over); tidied++)
        {
            try
            {
                await Authority(over.Authenticator, over.Subject).Tidy();
                _known.Remove(over);
            }
            catch (Exception)
            {
                // The storage, or the silo that has the grain, is away: later.
                _over.Enqueue(over);
                return;
            }
        }
    }

    private void Prune() => _sessions.Prune().ForEach(Enqueue);

    private void Enqueue(SessionSummary session)
    {
        var key = new SessionKey(this.GetPrimaryKeyString(), session.Authenticator, session.Subject);
        if (_known.Add(key))
        {
            _over.Enqueue(key);
        }
    }
}
