using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity;

/// <summary>One way to prove an identity, under one configuration.</summary>
internal interface IAuthenticator
{
    /// <summary>How often an identity with a session is looked up again; <c>null</c> where that cannot be done.</summary>
    TimeSpan? RecheckEvery { get; }

    /// <summary>Whether its last good answer holds for a while when it cannot say now, such as a directory that is away.</summary>
    bool LastAnswerHolds => true;

    /// <summary>What the authenticator says now of somebody who proved an identity earlier.</summary>
    ValueTask<Verdict> Recheck(VerifiedIdentity known, CancellationToken cancellation);
}

/// <summary>Checks user names and passwords: a file here, a directory there.</summary>
internal interface IPasswordAuthenticator : IAuthenticator
{
    ValueTask<Verdict> Verify(string user, Secret password, PasswordSource from, CancellationToken cancellation);

    /// <summary>
    /// Who a user is, looked up for an operator or an administrator: no password is checked. It waits where logins wait, and so holds up
    /// nobody who has a session.
    /// </summary>
    ValueTask<Verdict> Find(string user, PasswordSource from, CancellationToken cancellation);
}

/// <summary>
/// Checks credential text: tokens, documents, signed requests. What was proved holds until the session ends or the configuration forbids
/// it.
/// </summary>
internal interface ITokenAuthenticator : IAuthenticator
{
    TimeSpan? IAuthenticator.RecheckEvery => TimeSpan.Zero;

    /// <summary>Each session is judged for itself, by what its own proof said: see <see cref="Allows"/>.</summary>
    ValueTask<Verdict> IAuthenticator.Recheck(VerifiedIdentity known, CancellationToken cancellation) => new(Verdict.Proved(known));

    /// <summary>Whether the configuration still lets such an identity in.</summary>
    bool Allows(VerifiedIdentity identity);

    ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation);

    /// <summary>
    /// Which part of the authenticator must decide, such as one of its clusters: tries that wait for one part, or that it refuses, are
    /// none of another's. Empty where there is but one, or none.
    /// </summary>
    string PartOf(Secret text) => "";

    /// <summary>
    /// Whether it decides by what it has: who makes texts up costs nobody else an answer. Keys that are asked for once a minute are such.
    /// </summary>
    bool AsksNobody => false;
}

/// <summary>Credential text and the tenant to which it was presented.</summary>
internal sealed record PresentedCredential(string Tenant, Secret Text);
