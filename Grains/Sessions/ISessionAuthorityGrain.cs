using Orleans.CodeGeneration;
using Orleans.Concurrency;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions;

/// <summary>The side of a session grain that opens and ends sessions. Internal: no client may call it.</summary>
[Version(1), Alias("rp.ISessionAuthorityGrain")]
internal interface ISessionAuthorityGrain : IGrainWithStringKey
{
    /// <summary>Opens a session after the identity was proved. Many at once share a write.</summary>
    [Alias("Open"), AlwaysInterleave, ResponseTimeout("00:00:05")]
    ValueTask<OpenedSession> Open(SessionOpening opening);

    /// <summary>Goes on with the session of a refresh token.</summary>
    [Alias("Resume")]
    ValueTask<ResumedSession> Resume(string sessionId, string tokenHash);

    /// <summary>What the holder of a session is to the administration of the tenant, by what is so of the identity now.</summary>
    [Alias("StandingOf"), ResponseTimeout("00:00:08")]
    ValueTask<AdministratorStanding> StandingOf(string sessionId, long generation);

    /// <summary>Ends every session of this identity, everywhere, before it returns; <c>false</c> when it had none.</summary>
    [Alias("RevokeAll")]
    ValueTask<bool> RevokeAll();

    /// <summary>Ends one session; <c>false</c> when it is not there.</summary>
    [Alias("Revoke")]
    ValueTask<bool> Revoke(string sessionId);

    /// <summary>Which of some sessions are not open: the list of a tenant, which is written apart, may name them yet.</summary>
    [Alias("OverAmong"), AlwaysInterleave, ResponseTimeout("00:00:03")]
    ValueTask<IReadOnlyList<string>> OverAmong(IReadOnlyList<string> sessions);

    /// <summary>Forgets sessions that are over, and the identity when none is left.</summary>
    [Alias("Tidy")]
    ValueTask Tidy();
}

/// <summary>What a session is opened with.</summary>
/// <param name="Identity">Who was proved.</param>
/// <param name="Refreshable">Whether a refresh token is wanted.</param>
/// <param name="ClientAddress">Who opens it.</param>
/// <param name="NodeAgent">Whether it is the short one of a NodeAgent.</param>
/// <param name="Seal">The cluster's seal over the key of the grain, for the refresh token; <c>null</c> when there is none.</param>
/// <param name="MaxLifetime">The longest that it may last, in seconds; <c>null</c> for as long as the configuration allows.</param>
/// <param name="HasOwnClaims">
/// Whether it was proved by the text of a credential: others of the same subject may have other ones, so its claims are for this session.
/// </param>
[GenerateSerializer, Immutable, Alias("rp.session-opening")]
internal sealed record SessionOpening(
    [property: Id(0)] VerifiedIdentity Identity, [property: Id(1)] bool Refreshable, [property: Id(2)] string ClientAddress,
    [property: Id(3)] bool NodeAgent,
    [property: Id(4)] string? Seal = null,
    [property: Id(5)] int? MaxLifetime = null,
    [property: Id(6)] bool HasOwnClaims = false);

/// <summary>What somebody is to the administration of a tenant.</summary>
/// <param name="Rules">What rules give an administrator whose session is open; <c>null</c> for everybody else.</param>
/// <param name="Unavailable">Why nobody can say now; <c>null</c> otherwise.</param>
[GenerateSerializer, Immutable, Alias("rp.administrator-standing")]
internal sealed record AdministratorStanding(
    [property: Id(0)] IReadOnlyList<GrantedRule>? Rules, [property: Id(1)] string? Unavailable = null);

/// <summary>How the session of a refresh token goes on.</summary>
/// <param name="Session">The session; <c>null</c> when the token is not good any more, or when nobody can say.</param>
/// <param name="Unavailable">Why nobody can say now; <c>null</c> otherwise.</param>
[GenerateSerializer, Immutable, Alias("rp.resumed-session")]
internal sealed record ResumedSession([property: Id(0)] OpenedSession? Session, [property: Id(1)] string? Unavailable = null);

/// <summary>An open session, as the login needs it.</summary>
[GenerateSerializer, Immutable, Alias("rp.opened-session")]
internal sealed record OpenedSession
{
    [Id(0)]
    public required string Authenticator { get; init; }

    [Id(1)]
    public required string Subject { get; init; }

    [Id(2)]
    public required string SessionId { get; init; }

    [Id(3)]
    public required long Generation { get; init; }

    /// <summary>The rules that hold for the identity now.</summary>
    [Id(4)]
    public required IReadOnlyList<GrantedRule> Rules { get; init; }

    /// <summary>A new refresh token; <c>null</c> when none was made.</summary>
    [Id(5)]
    public Secret? RefreshToken { get; init; }

    /// <summary>When the session ends by itself; no access token outlives it.</summary>
    [Id(6)]
    public required DateTimeOffset Expires { get; init; }
}
