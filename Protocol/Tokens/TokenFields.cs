namespace RegistryProxy.Protocol;

/// <summary>Words of the token endpoint that front doors and those who log in there share.</summary>
public static class TokenFields
{
    /// <summary>The user name whose password is a refresh token of the front door.</summary>
    public const string SessionUser = "_session";

    /// <summary>Before the name of an authenticator in <c>subject_token_type</c> (RFC 8693 §2.1).</summary>
    public const string SubjectTokenType = "urn:registryproxy:";
}
