namespace RegistryProxy.Grains.Interfaces;

/// <summary>
/// The claims of a ticket: that one gateway may read one blob, as one tenant gets it, from another gateway. A JWT signed like access
/// tokens, and told from them by its type.
/// </summary>
public static class FetchTicketClaims
{
    /// <summary>The <c>typ</c>.</summary>
    public const string Type = "registryproxy-peer+jwt";

    /// <summary>The <see cref="FetchMember.Id"/> of the gateway that is read from.</summary>
    public const string Audience = "aud";

    /// <summary>The <see cref="FetchMember.Id"/> of the gateway that reads.</summary>
    public const string Subject = "sub";

    /// <summary>Thirty seconds after it was issued.</summary>
    public const string Expires = "exp";

    /// <summary>The <see cref="FetchMember.Certificate"/> of the gateway that reads.</summary>
    public const string Certificate = "x5t#S256";

    /// <summary>The <see cref="FetchKey"/>.</summary>
    public const string Blob = "blob";
}
