using System.Globalization;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Login;

/// <summary>
/// When somebody proved who they are, which counts for the administration of a tenant. A password is proved now. A token is as old as its
/// <c>auth_time</c> says, else its <c>iat</c> (OpenID Connect Core 1.0 §2): it may have been kept, and lain in a log, since then.
/// </summary>
internal static class ProofTime
{
    /// <summary>The error of a login that is none of the last minutes.</summary>
    public const string TooOld =
        "the scope tenant:NAME:administer needs a login that is at most 14 minutes old by auth_time or iat: log in again";

    /// <summary>What is left of the 15 minutes at least: a client may count on a minute (distribution, spec/auth/token.md).</summary>
    private static readonly TimeSpan Left = TimeSpan.FromMinutes(1);

    /// <summary>Clocks of issuers may be ahead by this much.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    /// <summary>When it was; <c>null</c> when nothing says it.</summary>
    public static DateTimeOffset? Of(LoginRequest request, VerifiedIdentity identity, DateTimeOffset now) =>
        request.Credentials.Kind == LoginCredentialsKind.Password ? now : Of(identity);

    /// <summary>The same of somebody who was proved by a token.</summary>
    public static DateTimeOffset? Of(VerifiedIdentity identity) => Claim(identity, "auth_time") ?? Claim(identity, "iat");

    /// <summary>Whether that is young enough.</summary>
    public static bool IsRecent(DateTimeOffset? proved, DateTimeOffset now) =>
        proved is { } at && now - at <= AdministrationScope.MaxLifetime - Left && at - now <= Skew;

    private static DateTimeOffset? Claim(VerifiedIdentity identity, string name) =>
        identity.Claims.TryGetValue(name, out var text)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            && seconds is > 0 and < 1e11 ? UnixTime.OfSeconds((long)seconds) : null;
}
