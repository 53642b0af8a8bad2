using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Sessions.Identity;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Sessions;

/// <summary>The side of a session grain that opens and ends sessions. Internal: no client may call it.</summary>
[Alias("rp.ISessionAuthorityGrain")]
internal interface ISessionAuthorityGrain : IGrainWithStringKey
{
    /// <summary>Opens a session after the identity was proved.</summary>
    [Alias("Open")]
    ValueTask<OpenedSession> Open(SessionOpening opening);

    /// <summary>Goes on with the session of a refresh token; <c>null</c> when the token is not good any more.</summary>
    [Alias("Resume")]
    ValueTask<OpenedSession?> Resume(string sessionId, string tokenHash);

    /// <summary>Ends every session of this identity, everywhere, before it returns; <c>false</c> when it had none.</summary>
    [Alias("RevokeAll")]
    ValueTask<bool> RevokeAll();

    /// <summary>Ends one session; <c>false</c> when it is not there.</summary>
    [Alias("Revoke")]
    ValueTask<bool> Revoke(string sessionId);
}

/// <summary>What a session is opened with.</summary>
/// <param name="CredentialStamp">See <see cref="VerifiedIdentity.CredentialStamp"/>.</param>
/// <param name="Refreshable">Whether a refresh token is wanted.</param>
/// <param name="ClientAddress">Who opens it.</param>
[GenerateSerializer, Immutable, Alias("rp.session-opening")]
internal sealed record SessionOpening(
    [property: Id(0)] string CredentialStamp, [property: Id(1)] bool Refreshable, [property: Id(2)] string ClientAddress);

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
}
