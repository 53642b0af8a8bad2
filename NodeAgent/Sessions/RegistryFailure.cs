namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>Why there is no session.</summary>
/// <param name="Kind">Who can do something about it.</param>
/// <param name="Message">For people; it holds no secret.</param>
/// <param name="Code">The OAuth2 error code, where the front door sent one (RFC 8628 §3.5).</param>
internal sealed record RegistryFailure(FailureKind Kind, string Message, string? Code = null)
{
    public static RegistryFailure NoProof(string message) => new(FailureKind.NoProof, message);

    public static RegistryFailure Refused(string message, string? code = null) => new(FailureKind.Refused, message, code);

    public static RegistryFailure Unavailable(string message) => new(FailureKind.Unavailable, message);
}

/// <summary>Who can do something about a failure.</summary>
internal enum FailureKind
{
    /// <summary>The front door, or what proves the identity, does not answer: trying again may help.</summary>
    Unavailable,

    /// <summary>The front door does not believe the proof.</summary>
    Refused,

    /// <summary>There is nothing to prove the identity with here.</summary>
    NoProof,
}
