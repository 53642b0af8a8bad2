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
