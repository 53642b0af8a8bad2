namespace RegistryProxy.Grains.Sessions;

/// <summary>What is kept of one identity.</summary>
[GenerateSerializer, Alias("rp.session-state")]
internal sealed class SessionState
{
    /// <summary>Rises when every session is ended.</summary>
    [Id(0)]
    public long Generation { get; set; } = 1;

    [Id(1)]
    public List<StoredSession> Sessions { get; set; } = [];

    /// <summary>What was proved last; a new proof replaces it whole.</summary>
    [Id(2)]
    public Identity.VerifiedIdentity? Identity { get; set; }
}

/// <summary>One session of an identity.</summary>
/// <param name="Id">128 random bits.</param>
/// <param name="TokenHash">The hash of its refresh token; <c>null</c> for a session without one.</param>
/// <param name="CredentialStamp">The credential that opened it.</param>
/// <param name="Opened">When.</param>
/// <param name="Expires">When it ends by itself.</param>
/// <param name="ClientAddress">Who opened it.</param>
/// <param name="Claims">What the proof of a machine said beside the subject, which others may share; <c>null</c> for people.</param>
[GenerateSerializer, Immutable, Alias("rp.stored-session")]
internal sealed record StoredSession(
    [property: Id(0)] string Id,
    [property: Id(1)] string? TokenHash,
    [property: Id(2)] string CredentialStamp,
    [property: Id(3)] DateTimeOffset Opened,
    [property: Id(4)] DateTimeOffset Expires,
    [property: Id(5)] string ClientAddress,
    [property: Id(6)] IReadOnlyDictionary<string, string>? Claims = null)
{
    /// <summary>Whether a machine that says the same opened it; always so for people.</summary>
    public bool WasOpenedWith(IReadOnlyDictionary<string, string>? claims) =>
        Claims is null ? claims is null : claims is not null && Identity.Claims.SaysTheSameAs(Claims, claims);
}
