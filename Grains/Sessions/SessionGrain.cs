using System.Security.Cryptography;
using Orleans.Placement;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Storage;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// One identity of one tenant: what was proved last, which rules that matches under the running configuration, its sessions. They end when
/// the credential that opened them changes or the authenticator does not know the identity any more. It is where its first login was:
/// those are spread over the silos, and the call does not leave the silo that judged the proof.
/// </summary>
[GrainType("session"), PreferLocalPlacement]
[CollectionAgeLimit(Minutes = GrainAges.MaxIdleOfSession)]
internal sealed class SessionGrain(
    StateStore store, IConfigurationFeed configuration, AuthenticatorDirectory authenticators, SessionIndexWriter index,
    TimeProvider time)
    : Grain, ISessionGrain, ISessionAuthorityGrain
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    /// <summary>Of an answer that may be another one soon: a directory is being asked, or is away.</summary>
    private static readonly TimeSpan BriefLease = TimeSpan.FromSeconds(5);

    /// <summary>The longest session of a machine.</summary>
    private static readonly TimeSpan MachineLimit = TimeSpan.FromHours(12);

    /// <summary>The longest session of a NodeAgent.</summary>
    private static readonly TimeSpan NodeAgentLimit = TimeSpan.FromHours(1);

    private static readonly Verdict Unusable = Verdict.Unavailable("the configuration of this tenant cannot be used here now");

    private readonly IdentityStanding _standing = new(authenticators, time);
    private SessionBook _book = null!;
    private SessionKey _key = null!;

    /// <summary>Whether gateways may not have been told of the last change.</summary>
    private bool _isUntold;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = SessionKey.TryParse(this.GetPrimaryKeyString(), out var key)
            ? key
            : throw new ArgumentException("the key of a session grain is tenant/authenticator/subject");

        // When another activation wrote, this one must not answer any more.
        var pages = new SessionPages(page => store.Open<SessionPage>($"session-page-{page}", this.GetGrainId(), DeactivateOnIdle));
        _book = new SessionBook(store.Open<SessionState>("session", this.GetGrainId(), DeactivateOnIdle), pages, time);
        return Task.CompletedTask;
    }

    public async ValueTask<SessionDecision> Decide(string sessionId, long generation, CancellationToken cancellation = default) =>
        (await DecideAll([sessionId], generation, cancellation)).Distinct[0];

    public async ValueTask<SessionDecisions> DecideAll(
        IReadOnlyList<string> sessions, long generation, CancellationToken cancellation = default)
    {
        // What is decided may be by newer rules than it says, never by older ones.
        var stamp = authenticators.Running.Stamps.GetValueOrDefault(_key.Tenant, "");
        var state = await _book.Read();
        if (generation != state.Generation || !sessions.Any(id => _book.Find(state, id) is not null))
        {
            return SessionJudge.AllClosed(sessions, Lease, stamp);
        }

        var standing = await Standing(state.Identity, fresh: false);

        // They may have ended while the identity was looked up.
        state = await _book.Read();
        if (generation != state.Generation)
        {
            return SessionJudge.AllClosed(sessions, Lease, stamp);
        }

        var lease = standing.Kind == VerdictKind.Unavailable || _standing.IsAsking ? BriefLease : Lease;
        lease = SessionJudge.LeaseOf(standing, lease, time.GetUtcNow());
        return new SessionJudge(Tenant, standing, stamp, lease, Lease, Authenticator).Classify(sessions, id => _book.Find(state, id));
    }

    public async ValueTask<IReadOnlyList<SessionSummary>> ListOwn(
        string sessionId, long generation, CancellationToken cancellation = default)
    {
        var state = await _book.Read();
        return generation == state.Generation && _book.Find(state, sessionId) is not null
            ? [.. _book.Newest(state, ISessionGrain.MaxOwn).Select(Summary)] : [];
    }

    public async ValueTask<bool> EndOwn(string sessionId, long generation, string session, CancellationToken cancellation = default)
    {
        var state = await _book.Read();
        if (_isUntold)
        {
            // What is asked for may have been done by an attempt that failed afterwards.
            await Announce();
        }

        if (generation != state.Generation || _book.Find(state, sessionId) is null || _book.Find(state, session) is null)
        {
            return false;
        }

        var had = await Revoke(session);
        SessionIndexWriter.Remove(Listed, [session]);
        return had;
    }

    public async ValueTask<OpenedSession> Open(SessionOpening opening)
    {
        var (fresh, token) = Create(opening);
        var prover = Tenant is { } known ? authenticators.ProverOf(known, _key.Authenticator) : null;
        var booked = await _book.Open(opening.Identity with { Prover = prover }, fresh, Tokens.AccessLifetime);
        if (Tenant is { } tenant)
        {
            _standing.Proved(tenant, booked.Identity);
        }

        if (booked.IsWritten)
        {
            SessionIndexWriter.Remove(Listed, booked.Ended);
            index.Add(Listed, _key.Tenant, Summary(booked.Session));
        }

        if (_isUntold || (booked.Former is { } former && HasOtherRules(former, booked.Identity)))
        {
            await Announce();
        }

        return Opened(booked.Session, booked.Generation, opening.Identity, token);
    }

    public async ValueTask<ResumedSession> Resume(string sessionId, string tokenHash)
    {
        var state = await _book.Read();
        var session = _book.Find(state, sessionId);
        if (session?.TokenHash is null || !SameHash(session.TokenHash, tokenHash))
        {
            EndUnlessUsed(state);
            return new ResumedSession(null);
        }

        var standing = await Standing(state.Identity, fresh: true);
        if (standing.Kind == VerdictKind.Unavailable)
        {
            return new ResumedSession(null, standing.Message);
        }

        if (standing.Identity is not { } identity || !SessionJudge.IsOpen(session, identity, Authenticator))
        {
            await _book.Remove(sessionId);
            SessionIndexWriter.Remove(Listed, [sessionId]);
            return new ResumedSession(null);
        }

        return new ResumedSession(Opened(session, state.Generation, identity, null));
    }

    public async ValueTask<AdministratorStanding> StandingOf(string sessionId, long generation)
    {
        var state = await _book.Read();
        if (generation != state.Generation || _book.Find(state, sessionId) is not { } session)
        {
            return new AdministratorStanding(null);
        }

        var standing = await _standing.Now(Tenant, state.Identity, fresh: true);
        return standing switch
        {
            { Kind: VerdictKind.Unavailable } => new AdministratorStanding(null, standing.Message),
            { Identity: { } identity } when Tenant is { } tenant && SessionJudge.IsOpen(session, identity, Authenticator)
                && AccessRules.Administers(tenant, session.Of(identity)) =>
                new AdministratorStanding(new SessionRules(tenant, identity).Of(session)),
            _ => new AdministratorStanding(null),
        };
    }

    public async ValueTask<bool> RevokeAll()
    {
        var had = await _book.Clear();

        // A gateway may know a session that the storage lost, or that an attempt ended which was not told so.
        await Announce();
        if (!had)
        {
            DeactivateOnIdle();
        }

        return had;
    }

    public async ValueTask<bool> Revoke(string sessionId)
    {
        var had = await _book.Remove(sessionId);
        await Announce();
        return had;
    }

    public async ValueTask<IReadOnlyList<string>> OverAmong(IReadOnlyList<string> sessions)
    {
        var state = await _book.Read();
        EndUnlessUsed(state);
        return [.. sessions.Where(id => _book.Find(state, id) is null)];
    }

    public async ValueTask Tidy() => await _book.Tidy();

    /// <summary>Of an identity that nobody has, or that an invented token names, nothing stays in memory.</summary>
    private void EndUnlessUsed(SessionState state)
    {
        if (state.IsEmpty)
        {
            DeactivateOnIdle();
        }
    }

    /// <summary>
    /// A silo that cannot use the part of a tenant, or does not know of the tenant, while the cluster does, has no word on who is its; who
    /// administers it, which the operator says, may mend it.
    /// </summary>
    private ValueTask<Verdict> Standing(VerifiedIdentity? known, bool fresh) =>
        known is not null && (Tenant is null || (Tenant.IsUnusable && !Tenant.IsForAdministratorsAlone(_key.Authenticator)))
            ? new(Unusable) : _standing.Now(Tenant, known, fresh);

    private ISessionIndexGrain Listed => GrainFactory.GetGrain<ISessionIndexGrain>(_key.Tenant);

    private FrontDoorConfiguration Running => configuration.Current.Configuration;

    private TokenConfiguration Tokens => Running.Tokens;

    private TenantConfiguration? Tenant => Running.Tenants.GetValueOrDefault(_key.Tenant);

    private IAuthenticator? Authenticator => Tenant is { } tenant ? authenticators.FindAny(tenant, _key.Authenticator) : null;

    private bool IsMachine => Running.AuthenticatorOf(_key.Tenant, _key.Authenticator) is { ProvesMachines: true };

    private bool HasOtherRules(VerifiedIdentity former, VerifiedIdentity proved) =>
        Tenant is not { } tenant || !new SessionRules(tenant, former).AreThoseOf(new SessionRules(tenant, proved));

    private (StoredSession Session, RefreshToken? Token) Create(SessionOpening opening)
    {
        var own = opening.HasOwnClaims || IsMachine ? opening.Identity : null;
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var token = opening.Refreshable ? RefreshToken.Create(_key.Authenticator, _key.Subject, id, opening.Seal) : null;
        var now = time.GetUtcNow();
        return (new StoredSession(
            id, token?.Hash(), opening.Identity.CredentialStamp, now, Expiry(opening, now), opening.ClientAddress, own?.Claims,
            own?.Groups, own?.Required), token);
    }

    /// <summary>The least of what the configuration, who asks, the kind of identity and its credential allow.</summary>
    private DateTimeOffset Expiry(SessionOpening opening, DateTimeOffset now)
    {
        var limit = opening.NodeAgent ? NodeAgentLimit : IsMachine ? MachineLimit : TimeSpan.MaxValue;
        limit = opening.MaxLifetime is { } asked && TimeSpan.FromSeconds(asked) < limit ? TimeSpan.FromSeconds(asked) : limit;
        var end = now + (Tokens.RefreshLifetime < limit ? Tokens.RefreshLifetime : limit);
        return opening.Identity.Expires is { } expires && expires < end ? expires : end;
    }

    private OpenedSession Opened(StoredSession session, long generation, VerifiedIdentity identity, RefreshToken? token) => new()
    {
        Authenticator = _key.Authenticator,
        Subject = _key.Subject,
        SessionId = session.Id,
        Generation = generation,
        Rules = Tenant is { } tenant ? new SessionRules(tenant, identity).Of(session) : [],
        RefreshToken = token?.Text,
        Expires = session.Expires,
    };

    private SessionSummary Summary(StoredSession session) => new(
        session.Id, _key.Authenticator, _key.Subject, session.TokenHash is not null, session.Opened, session.Expires,
        session.ClientAddress);

    private async Task Announce()
    {
        try
        {
            await GrainFactory.GetGrain<ISessionChangesGrain>(0).SessionChanged(_key.ToString());
            _isUntold = false;
        }
        catch (Exception)
        {
            _isUntold = true;
            throw;
        }
    }

    private static bool SameHash(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(System.Text.Encoding.ASCII.GetBytes(one), System.Text.Encoding.ASCII.GetBytes(other));
}
