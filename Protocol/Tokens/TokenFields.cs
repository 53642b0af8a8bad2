namespace RegistryProxy.Protocol;

/// <summary>Words of the token endpoint that front doors and those who log in there share.</summary>
public static class TokenFields
{
    /// <summary>The user name whose password is a refresh token of the front door.</summary>
    public const string SessionUser = "_session";

    /// <summary>The user name that Docker stores with an identity token.</summary>
    public const string DockerTokenUser = "<token>";

    /// <summary>Before the name of an authenticator in the user name of who shows its token.</summary>
    public const char AuthenticatorMark = '_';

    /// <summary>Whether somebody can have this user name and a password: others mean a token.</summary>
    public static bool IsPasswordUser(string user) => user.Length > 0 && user[0] != AuthenticatorMark && user != DockerTokenUser;

    /// <summary>Before the name of an authenticator in <c>subject_token_type</c> (RFC 8693 §2.1).</summary>
    public const string SubjectTokenType = "urn:registryproxy:";
}
