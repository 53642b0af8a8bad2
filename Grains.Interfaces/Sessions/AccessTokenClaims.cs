namespace RegistryProxy.Grains.Interfaces;

/// <summary>The claims of an access token (distribution, spec/auth/jwt.md), and those that lead to its session.</summary>
public static class AccessTokenClaims
{
    /// <summary>The <c>typ</c> of access tokens; refresh tokens and identity tokens of others never carry it.</summary>
    public const string Type = "registry+jwt";

    public const string Issuer = "iss";

    /// <summary>The issuer is this, then the tenant's name.</summary>
    public const string IssuerPrefix = "registryproxy:";

    /// <summary>Empty for anonymous.</summary>
    public const string Subject = "sub";

    /// <summary>The tenant's service name.</summary>
    public const string Audience = "aud";

    public const string IssuedAt = "iat";

    public const string NotBefore = "nbf";

    public const string Expires = "exp";

    public const string Id = "jti";

    /// <summary><c>[{ type, name, actions }]</c></summary>
    public const string Access = "access";

    /// <summary>The session; absent for anonymous, like the next two.</summary>
    public const string Session = "sid";

    /// <summary>The generation of the identity when the token was issued; an integer.</summary>
    public const string Generation = "gen";

    /// <summary>The authenticator that proved the subject.</summary>
    public const string Authenticator = "idp";
}
