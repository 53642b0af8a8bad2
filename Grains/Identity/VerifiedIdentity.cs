using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity;

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
