using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>The answer to a <see cref="LoginRequest"/>.</summary>
[GenerateSerializer, Immutable, Alias("rp.login-result")]
public sealed record LoginResult
{
    [Id(0)]
    public required LoginStatus Status { get; init; }

    /// <summary>For people, when not granted.</summary>
    [Id(1)]
    public string Message { get; init; } = "";

    /// <summary>The signed access token; set when granted.</summary>
    [Id(2)]
    public Secret? AccessToken { get; init; }

    /// <summary>Seconds, 60 or more.</summary>
    [Id(3)]
    public int ExpiresIn { get; init; }

    [Id(4)]
    public DateTimeOffset IssuedAt { get; init; }

    /// <summary>Set when one was asked for and may be had. A refresh token that was presented comes back unchanged.</summary>
    [Id(5)]
    public Secret? RefreshToken { get; init; }

    /// <summary>The scopes that were granted: the intersection of what was asked and what the rules allow.</summary>
    [Id(6)]
    public IReadOnlyList<Scope> Granted { get; init; } = [];

    /// <summary>
    /// The authenticator and subject that were proved, also of a login that was refused; empty for anonymous. For the audit log.
    /// </summary>
    [Id(7)]
    public string Authenticator { get; init; } = "";

    [Id(8)]
    public string Subject { get; init; } = "";

    /// <summary>When to try again, in seconds; set when throttled or unavailable.</summary>
    [Id(9)]
    public int? RetryAfterSeconds { get; init; }

    /// <summary>The OAuth2 error code of a device that polls (RFC 8628 §3.5); <c>null</c> otherwise.</summary>
    [Id(10)]
    public string? DeviceError { get; init; }

    /// <summary>Seconds until the refresh token ends; set with it.</summary>
    [Id(11)]
    public int? RefreshExpiresIn { get; init; }

    /// <summary>
    /// Why it was not granted, when operators may know more than whoever asked; <c>null</c> for <see cref="Message"/>. For the audit log.
    /// </summary>
    [Id(12)]
    public string? Reason { get; init; }

    /// <summary>Whether the token has the scope of the tenant's administration.</summary>
    [Id(13)]
    public bool Administers { get; init; }

    /// <summary>
    /// The name of the authenticator that decided, or could not: of the configuration, never of the client; empty when none was asked. For
    /// metrics alone: it proves nothing. An authenticator that the tenant itself defines is <see cref="OwnJudge"/>: no tenant gives the
    /// metrics names.
    /// </summary>
    [Id(14)]
    public string Judge { get; init; } = "";

    /// <summary>
    /// The id of the secret that a robot showed, which tells it from another one that had its name; <c>null</c> for everybody else.
    /// </summary>
    [Id(15)]
    public string? RobotSecret { get; init; }

    /// <summary>The <see cref="Judge"/> of logins that a tenant's own authenticators decide.</summary>
    public const string OwnJudge = "own";

    public static LoginResult Rejected(string message) => new() { Status = LoginStatus.Rejected, Message = message };
}

/// <summary>How a login ended.</summary>
[GenerateSerializer, Alias("rp.login-status")]
public enum LoginStatus
{
    Granted,

    /// <summary>The credentials are wrong, unknown, ended or revoked: 401.</summary>
    Rejected,

    /// <summary>The request itself cannot be answered, such as an authenticator that this tenant does not have: 400.</summary>
    BadRequest,

    /// <summary>Too many tries: 429.</summary>
    Throttled,

    /// <summary>The authenticator cannot decide now: 503.</summary>
    Unavailable,
}
