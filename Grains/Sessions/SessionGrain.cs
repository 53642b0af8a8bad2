using System.Security.Cryptography;
using RegistryProxy.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions.Access;
using RegistryProxy.Grains.Sessions.Identity;
using RegistryProxy.Grains.Sessions.Tokens;

namespace RegistryProxy.Grains.Sessions;

/// <summary>
/// One identity of one tenant. Its claims and rules are read from the running configuration whenever it is asked, never from the time of
/// login; its sessions end when the credential that opened them changes.
/// </summary>
internal sealed class SessionGrain(
    [PersistentState("session", GrainStorageNames.State)] IPersistentState<SessionState> state,
    IConfigurationFeed configuration, AuthenticatorDirectory authenticators, TimeProvider time)
    : Grain, ISessionGrain, ISessionAuthorityGrain
{
    /// <summary>The most sessions of one identity; the oldest make room.</summary>
    private const int MaxSessions = 100;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(60);

    private SessionKey _key = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _key = SessionKey.TryParse(this.GetPrimaryKeyString(), out var key)
            ? key
            : throw new ArgumentException("the key of a session grain is tenant/authenticator/subject");
        return Task.CompletedTask;
    }

    public ValueTask<SessionDecision> Decide(string sessionId, long generation, CancellationToken cancellation = default)
    {
        var version = authenticators.Version;
        return new(generation == state.State.Generation && Find(sessionId) is { } session && Identity(session) is { } identity
            ? new SessionDecision { Open = true, Rules = Rules(identity), Version = version, Lease = Lease }
            : SessionDecision.Closed with { Version = version, Lease = Lease });
    }

    public async ValueTask<OpenedSession> Open(SessionOpening opening)
    {
        var session = opening.Refreshable ? null : state.State.Sessions.Find(known => known.TokenHash is null && IsLive(known, opening.CredentialStamp));
        RefreshToken? token = null;
        if (session is null || session.Expires - time.GetUtcNow() < Tokens.AccessLifetime)
        {
            (session, token) = Create(opening);
            Add(session);
            await Write();
            await GrainFactory.GetGrain<ISessionIndexGrain>(_key.Tenant).Add(_key, Summary(session));
        }

        return Opened(session, token);
    }

    public async ValueTask<OpenedSession?> Resume(string sessionId, string tokenHash)
    {
        var session = Find(sessionId);
        if (session?.TokenHash is null || !SameHash(session.TokenHash, tokenHash))
        {
            return null;
        }

        if (Identity(session) is null)
        {
            state.State.Sessions.Remove(session);
            await Write();
            return null;
        }

        return Opened(session, null);
    }

    public async ValueTask<bool> RevokeAll()
    {
        var had = state.State.Sessions.Count > 0;
        state.State.Generation++;
        state.State.Sessions.Clear();
        await Write();
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

    private TokenConfiguration Tokens => configuration.Current.Configuration.Tokens;

    private TenantConfiguration? Tenant => configuration.Current.Configuration.Tenants.GetValueOrDefault(_key.Tenant);

    private StoredSession? Find(string sessionId) =>
        state.State.Sessions.Find(session => session.Id == sessionId && session.Expires > time.GetUtcNow());

    /// <summary>The identity of a session now; <c>null</c> when its credential changed or is gone.</summary>
    private VerifiedIdentity? Identity(StoredSession session) =>
        Tenant is { } tenant && authenticators.Find(tenant, _key.Authenticator, _key.Subject) is { } identity
        && identity.CredentialStamp == session.CredentialStamp
            ? identity
            : null;

    private IReadOnlyList<GrantedRule> Rules(VerifiedIdentity identity) => Tenant is { } tenant ? AccessRules.Match(tenant, identity) : [];

    private bool IsLive(StoredSession session, string stamp) => session.CredentialStamp == stamp && session.Expires > time.GetUtcNow();

    private (StoredSession Session, RefreshToken? Token) Create(SessionOpening opening)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var token = opening.Refreshable ? RefreshToken.Create(_key.Authenticator, _key.Subject, id) : null;
        var now = time.GetUtcNow();
        return (new StoredSession(id, token?.Hash(), opening.CredentialStamp, now, now + Tokens.RefreshLifetime, opening.ClientAddress), token);
    }

    private void Add(StoredSession session)
    {
        var now = time.GetUtcNow();
        state.State.Sessions.RemoveAll(known => known.Expires <= now || (known.TokenHash is null && session.TokenHash is null));
        state.State.Sessions.Add(session);
        if (state.State.Sessions.Count > MaxSessions)
        {
            state.State.Sessions.RemoveRange(0, state.State.Sessions.Count - MaxSessions);
        }
    }

    private OpenedSession Opened(StoredSession session, RefreshToken? token) => new()
    {
        Authenticator = _key.Authenticator,
        Subject = _key.Subject,
        SessionId = session.Id,
        Generation = state.State.Generation,
        Rules = Identity(session) is { } identity ? Rules(identity) : [],
        RefreshToken = token?.Text,
    };

    private SessionSummary Summary(StoredSession session) => new(
        session.Id, _key.Authenticator, _key.Subject, session.TokenHash is not null, session.Opened, session.Expires, session.ClientAddress);

    private async Task Write()
    {
        try
        {
            await state.WriteStateAsync();
        }
        catch (Orleans.Storage.InconsistentStateException)
        {
            // Another activation wrote first: this one must not answer any more.
            DeactivateOnIdle();
            throw;
        }
    }

    private Task Announce() => GrainFactory.GetGrain<Configuration.ISessionChangesGrain>(0).SessionChanged(_key.ToString()).AsTask();

    private static bool SameHash(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(System.Text.Encoding.ASCII.GetBytes(one), System.Text.Encoding.ASCII.GetBytes(other));
}
