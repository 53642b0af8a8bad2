using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity;

/// <summary>What an authenticator makes of what it was shown.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Identity">Set when proved.</param>
/// <param name="Message">For people, when not proved; never a secret.</param>
internal sealed record Verdict(VerdictKind Kind, VerifiedIdentity? Identity, string Message)
{
    /// <summary>What operators may know beyond the message; <c>null</c> for nothing.</summary>
    public string? Reason { get; init; }

    /// <summary>Of one that cannot be said: whether who must decide may have counted it as wrong all the same.</summary>
    public bool MayBeCounted { get; init; }

    /// <summary>
    /// The authenticator and subject that were proved of somebody who is refused all the same; <c>null</c> when nothing was.
    /// </summary>
    public (string Authenticator, string Subject)? Known { get; init; }

    /// <summary>The user is known and the password wrong; says the same as when the user is unknown.</summary>
    public static Verdict WrongPassword { get; } = new(
        VerdictKind.Refused, null, "wrong user name or password") { Reason = "wrong password" };

    public static Verdict Unknown { get; } = new(VerdictKind.Unknown, null, "wrong user name or password") { Reason = "unknown user name" };

    public static Verdict Busy { get; } = new(VerdictKind.Busy, null, "too many logins at once");

    public static Verdict TooMany { get; } = new(VerdictKind.Busy, null, "too many wrong logins of late; wait a little");

    public static Verdict Proved(VerifiedIdentity identity) => new(VerdictKind.Proved, identity, "");

    public static Verdict Refused(string message) => new(VerdictKind.Refused, null, message);

    /// <summary>Refuses somebody whose identity is proved.</summary>
    public static Verdict Refused(string message, string authenticator, string? subject) =>
        Refused(message) with { Known = subject is { Length: > 0 } ? (authenticator, subject) : null };

    /// <summary>Refuses a token for its claims.</summary>
    /// <param name="claim">What is wrong with which claim.</param>
    /// <param name="label">Who requires it, as people know it.</param>
    public static Verdict Misses(string claim, string label, string authenticator, string? subject) =>
        Refused($"the token does not have the claims that '{label}' requires: {claim}", authenticator, subject) with { Reason = claim };

    public static Verdict Unavailable(string message) => new(VerdictKind.Unavailable, null, message);
}

/// <summary>The kinds of <see cref="Verdict"/>.</summary>
internal enum VerdictKind
{
    Proved,

    /// <summary>Definitely wrong: no other authenticator is asked.</summary>
    Refused,

    /// <summary>The user is not known here: the next authenticator may know it.</summary>
    Unknown,

    /// <summary>Too much is being checked at this moment.</summary>
    Busy,

    /// <summary>It cannot be said now.</summary>
    Unavailable,
}

/// <summary>Who somebody proved to be.</summary>
/// <param name="Authenticator">The authenticator that proved it.</param>
/// <param name="Subject">The name that it gave; never empty.</param>
/// <param name="Groups">The groups that it named.</param>
/// <param name="Claims">What else it said; what <c>when</c> compares.</param>
/// <param name="CredentialStamp">Changes when the credential does; sessions of an older stamp are over.</param>
/// <param name="Expires">When the credential itself expires; <c>null</c> when it does not.</param>
/// <param name="Robot">What a robot was made with; <c>null</c> for everybody else.</param>
/// <param name="Prover">
/// Names who proved it, whatever that one was called; <c>null</c> for what was proved before that was kept.
/// </param>
[GenerateSerializer, Immutable, Alias("rp.verified-identity")]
internal sealed record VerifiedIdentity(
    [property: Id(0)] string Authenticator,
    [property: Id(1)] string Subject,
    [property: Id(2)] IReadOnlyList<string> Groups,
    [property: Id(3)] IReadOnlyDictionary<string, string> Claims,
    [property: Id(4)] string CredentialStamp,
    [property: Id(5)] DateTimeOffset? Expires = null,
    [property: Id(6)] RobotGrant? Robot = null,
    [property: Id(7)] string? Prover = null)
{
    /// <summary>
    /// What a token said of the claims that the configuration required, where <see cref="Claims"/> does not say it: lists, and members
    /// of others; <c>null</c> for what was proved before that was kept.
    /// </summary>
    [Id(8)]
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Required { get; init; }

    /// <summary>The longest subject, in characters.</summary>
    public const int MaxSubject = 512;

    /// <summary>The most groups of one identity.</summary>
    public const int MaxGroups = 2000;

    /// <summary>The most claims of one identity.</summary>
    public const int MaxClaims = 200;

    /// <summary>All groups and claims of one identity together, in characters; so much is kept of each session.</summary>
    public const int MaxText = 256 * 1024;

    /// <summary>Whether groups and claims are as few and short as a session may hold.</summary>
    public bool IsBounded =>
        Groups.Count <= MaxGroups && Claims.Count <= MaxClaims
        && Groups.Sum(group => (long)group.Length) + Claims.Sum(claim => (long)claim.Key.Length + claim.Value.Length)
        + (Required?.Values.Sum(texts => texts.Sum(text => (long)text.Length)) ?? 0) <= MaxText;

    /// <summary>Whether the subject can name a session and stand in a log.</summary>
    public bool HasUsableSubject => IsUsableSubject(Subject);

    /// <summary>Whether a text can name a session and stand in a log.</summary>
    public static bool IsUsableSubject(string subject) => subject.Length is > 0 and <= MaxSubject && !subject.Any(char.IsControl);

    /// <summary>Whether somebody else proved this one, who had the same name in the configuration.</summary>
    /// <param name="prover">Names who has the name now; <c>null</c> when that is not known.</param>
    public bool IsOfAnother(string? prover) => Prover is not null && prover is not null && prover != Prover;

    /// <summary>Whether another proof says the same of the same subject.</summary>
    public bool SaysTheSameAs(VerifiedIdentity other) =>
        Groups.SequenceEqual(other.Groups) && Claims.SaysTheSameAs(other.Claims)
        && Identity.Claims.RequireTheSame(Required, other.Required);

    /// <summary>Whether it has the claims that a configuration requires by now: what was proved without them does not count.</summary>
    /// <param name="required">The claims, each as globs.</param>
    /// <param name="groupsClaim">The claim that <see cref="Groups"/> are from; <c>null</c> for none.</param>
    public bool Has(IReadOnlyDictionary<string, IReadOnlyList<string>> required, string? groupsClaim = null) => required.All(claim =>
        (claim.Key == groupsClaim ? Groups
            : Claims.TryGetValue(claim.Key, out var value) ? [value]
            : Required is { } kept ? kept.GetValueOrDefault(claim.Key, []) : null) is not { } texts
        || texts.Any(text => claim.Value.Any(glob => Glob.Matches(glob, text))));
}

/// <summary>Claims are equal when they say the same, in any order.</summary>
internal static class Claims
{
    public static bool SaysTheSameAs(this IReadOnlyDictionary<string, string> claims, IReadOnlyDictionary<string, string> others) =>
        claims.Count == others.Count && claims.All(claim => others.TryGetValue(claim.Key, out var value) && value == claim.Value);

    /// <summary>The same of <see cref="VerifiedIdentity.Required"/>.</summary>
    public static bool RequireTheSame(
        IReadOnlyDictionary<string, IReadOnlyList<string>>? claims, IReadOnlyDictionary<string, IReadOnlyList<string>>? others) =>
        claims is null || others is null ? claims is null && others is null
            : claims.Count == others.Count
                && claims.All(claim => others.TryGetValue(claim.Key, out var texts) && texts.SequenceEqual(claim.Value));
}

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
