using System.Security.Cryptography;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions.Access;
using RegistryProxy.Grains.Sessions.Identity;
using RegistryProxy.Grains.Sessions.Tokens;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// One identity of one tenant: what was proved last, which rules that matches under the running configuration, its sessions. They end when
/// the credential that opened them changes or the authenticator does not know the identity any more.
/// </summary>
[GrainType("session")]
[CollectionAgeLimit(Minutes = GrainAges.Session)]
internal sealed class SessionGrain(
    [PersistentState("session", GrainStorageNames.State)] IPersistentState<SessionState> state,
    IConfigurationFeed configuration, AuthenticatorDirectory authenticators, TimeProvider time)
    : Grain, ISessionGrain, ISessionAuthorityGrain
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    /// <summary>The longest session of a machine.</summary>
    private static readonly TimeSpan MachineLimit = TimeSpan.FromHours(12);

    /// <summary>The longest session of a NodeAgent.</summary>
    private static readonly TimeSpan NodeAgentLimit = TimeSpan.FromHours(1);

    private readonly IdentityStanding _standing = new(authenticators, time);
    private SharedWrite? _writes;
    private SessionKey _key = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = SessionKey.TryParse(this.GetPrimaryKeyString(), out var key)
            ? key
            : throw new ArgumentException("the key of a session grain is tenant/authenticator/subject");
        return Task.CompletedTask;
    }

    public async ValueTask<SessionDecision> Decide(string sessionId, long generation, CancellationToken cancellation = default)
    {
        var version = authenticators.Version;
        var open = generation == state.State.Generation && Find(sessionId) is { } session && await Standing() is { Identity: { } identity } && IsOpen(session, identity)
            ? new SessionDecision { Open = true, Rules = Rules(session, identity) }
            : SessionDecision.Closed;
        return open with { Version = version, Lease = Lease };
    }

    public async ValueTask<OpenedSession> Open(SessionOpening opening)
    {
        var known = state.State.Identity;
        state.State.Identity = opening.Identity;
        if (Tenant is { } tenant)
        {
            _standing.Proved(tenant, opening.Identity);
        }

        var claims = IsMachine ? opening.Identity.Claims : null;
        var session = opening.Refreshable ? null : state.State.Sessions.Find(known => known.TokenHash is null && IsLive(known, opening.Identity) && known.WasOpenedWith(claims));
        RefreshToken? token = null;
        if (session is null)
        {
            (session, token) = Create(opening, claims);
            await Keep(session);
        }
        else if (session.Expires - time.GetUtcNow() < Tokens.AccessLifetime)
        {
            session = session with { Expires = Expiry(opening, time.GetUtcNow()) };
            await Keep(session);
        }

        if (known is not null && !known.SaysTheSameAs(opening.Identity, IsMachine))
        {
            await Write();
            await Announce();
        }

        return Opened(session, opening.Identity, token);
    }

    public async ValueTask<ResumedSession> Resume(string sessionId, string tokenHash)
    {
        var session = Find(sessionId);
        if (session?.TokenHash is null || !SameHash(session.TokenHash, tokenHash))
        {
            EndUnlessUsed();
            return new ResumedSession(null);
        }

        var standing = await Standing(fresh: true);
        if (standing.Kind == VerdictKind.Unavailable)
        {
            return new ResumedSession(null, standing.Message);
        }

        if (standing.Identity is not { } identity || !IsOpen(session, identity))
        {
            state.State.Sessions.Remove(session);
            await Write();
            return new ResumedSession(null);
        }

        return new ResumedSession(Opened(session, identity, null));
    }

    public async ValueTask<bool> RevokeAll()
    {
        var had = state.State.Sessions.Count > 0;
        if (had || state.RecordExists)
        {
            state.State.Generation++;
            state.State.Sessions.Clear();
            await Write();
        }

        // A gateway may know a session that the storage lost.
        await Announce();
        return had;
    }

    public async ValueTask<bool> Revoke(string sessionId)
    {
        if (state.State.Sessions.RemoveAll(session => session.Id == sessionId) == 0)
        {
            return false;
        }

        await Write();
        await Announce();
        return true;
    }

    public async ValueTask Tidy()
    {
        var now = time.GetUtcNow();
        if (state.State.Sessions.RemoveAll(session => session.Expires <= now) > 0)
        {
            await Write();
        }
    }

    /// <summary>Of an identity that nobody has, or that an invented token names, nothing stays in memory.</summary>
    private void EndUnlessUsed()
    {
        if (!state.RecordExists && state.State.Sessions.Count == 0)
        {
            DeactivateOnIdle();
        }
    }

    private FrontDoorConfiguration Running => configuration.Current.Configuration;

    private TokenConfiguration Tokens => Running.Tokens;

    private TenantConfiguration? Tenant => Running.Tenants.GetValueOrDefault(_key.Tenant);

    private StoredSession? Find(string sessionId) =>
        state.State.Sessions.Find(session => session.Id == sessionId && session.Expires > time.GetUtcNow());

    private ValueTask<Verdict> Standing(bool fresh = false) => _standing.Now(Tenant, state.State.Identity, fresh);

    /// <summary>A session ends when the credential that opened it changes.</summary>
    private static bool IsOpen(StoredSession session, VerifiedIdentity identity) => session.CredentialStamp == identity.CredentialStamp;

    /// <summary>What a machine said holds for its own session alone, since many may share a subject; what people prove anew holds for all of theirs.</summary>
    private IReadOnlyList<GrantedRule> Rules(StoredSession session, VerifiedIdentity identity) =>
        Tenant is { } tenant ? AccessRules.Match(tenant, session.Claims is { } claims ? identity with { Claims = claims } : identity) : [];

    private bool IsLive(StoredSession session, VerifiedIdentity identity) => IsOpen(session, identity) && session.Expires > time.GetUtcNow();

    private bool IsMachine => Running.Authenticators.GetValueOrDefault(_key.Authenticator) is { ProvesMachines: true };

    private (StoredSession Session, RefreshToken? Token) Create(SessionOpening opening, IReadOnlyDictionary<string, string>? claims)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var token = opening.Refreshable ? RefreshToken.Create(_key.Authenticator, _key.Subject, id, opening.Seal) : null;
        var now = time.GetUtcNow();
        return (new StoredSession(id, token?.Hash(), opening.Identity.CredentialStamp, now, Expiry(opening, now), opening.ClientAddress, claims), token);
    }

    /// <summary>The least of what the configuration, who asks, the kind of identity and its credential allow.</summary>
    private DateTimeOffset Expiry(SessionOpening opening, DateTimeOffset now)
    {
        var limit = opening.NodeAgent ? NodeAgentLimit : IsMachine ? MachineLimit : TimeSpan.MaxValue;
        var end = now + (Tokens.RefreshLifetime < limit ? Tokens.RefreshLifetime : limit);
        return opening.Identity.Expires is { } expires && expires < end ? expires : end;
    }

    private async Task Keep(StoredSession session)
    {
        SessionRoom.Add(state.State.Sessions, session, time.GetUtcNow());
        await Write();
        await SessionListing.Add(GrainFactory.GetGrain<ISessionIndexGrain>(_key.Tenant), _key, Summary(session), time);
    }

    private OpenedSession Opened(StoredSession session, VerifiedIdentity identity, RefreshToken? token) => new()
    {
        Authenticator = _key.Authenticator,
        Subject = _key.Subject,
        SessionId = session.Id,
        Generation = state.State.Generation,
        Rules = Rules(session, identity),
        RefreshToken = token?.Text,
        Expires = session.Expires,
    };

    private SessionSummary Summary(StoredSession session) => new(
        session.Id, _key.Authenticator, _key.Subject, session.TokenHash is not null, session.Opened, session.Expires, session.ClientAddress);

    /// <summary>Keeps what has changed until now; who comes while that runs shares the next write.</summary>
    private Task Write() => (_writes ??= new SharedWrite(WriteNow)).Write();

    /// <summary>Of who has no session nothing is kept: ids of sessions never come again, whatever the generation.</summary>
    private async Task WriteNow()
    {
        try
        {
            await (state.State.Sessions.Count == 0 ? Clear() : state.WriteStateAsync());
        }
        catch (Orleans.Storage.InconsistentStateException)
        {
            // Another activation wrote first: this one must not answer any more.
            DeactivateOnIdle();
            throw;
        }
    }

    /// <summary>Clears the record and not the state: a session may be opened meanwhile, and is written next.</summary>
    private async Task Clear()
    {
        var current = state.State;
        await state.ClearStateAsync();
        state.State = current;
    }

    private Task Announce() => GrainFactory.GetGrain<Configuration.ISessionChangesGrain>(0).SessionChanged(_key.ToString()).AsTask();

    private static bool SameHash(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(System.Text.Encoding.ASCII.GetBytes(one), System.Text.Encoding.ASCII.GetBytes(other));
}
