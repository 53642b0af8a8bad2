namespace RegistryProxy.NodeAgent.Sessions;

/// <summary>There is no session, and why. The message is for people and holds no secret.</summary>
internal sealed class DoorException(DoorFailure failure, string message, string? code = null) : Exception(message)
{
    public DoorFailure Failure => failure;

    /// <summary>The OAuth2 error code, where the front door sent one (RFC 8628 §3.5).</summary>
    public string? Code => code;
}

internal enum DoorFailure
{
    /// <summary>The front door, or what proves the identity, does not answer: trying again may help.</summary>
    Unavailable,

    /// <summary>The front door does not believe the proof.</summary>
    Refused,

    /// <summary>There is nothing to prove the identity with here.</summary>
    NoProof,
}
