namespace RegistryProxy.Configuration;

/// <summary>
/// Users of an LDAP directory (RFC 4511): found by a search and then bound, or bound directly by a name made from theirs.
/// </summary>
public sealed record LdapConfiguration : AuthenticatorConfiguration
{
    public override string Type => "ldap";

    public override bool TakesPasswords => true;

    public override string Prover => $"{Type} {(UserDn.Length == 0 ? BaseDn : $"{Url} {UserDn}")}";

    public override IReadOnlyList<string> Files => Ca?.Path is { } path ? [path] : [];

    /// <summary><c>ldaps://</c> or <c>ldap://</c>, host and port.</summary>
    public required Uri Url { get; init; }

    /// <summary>Whether loopback and private addresses may be dialled: where directories of operators mostly are.</summary>
    public bool AllowPrivate { get; init; } = true;

    /// <summary>StartTLS on an <c>ldap://</c> connection before anything else.</summary>
    public bool StartTls { get; init; }

    /// <summary>Certificates that sign the directory's, in PEM; <c>null</c> for the system's.</summary>
    public CertificateSource? Ca { get; init; }

    /// <summary>Who searches; empty for an anonymous search.</summary>
    public string BindDn { get; init; } = "";

    public SecretSource? BindPassword { get; init; }

    /// <summary>Where users are searched.</summary>
    public string BaseDn { get; init; } = "";

    /// <summary>Finds a user; <c>{0}</c> is the name, escaped (RFC 4515).</summary>
    public string UserFilter { get; init; } = "(uid={0})";

    /// <summary>The user's own DN; <c>{0}</c> is the name, escaped (RFC 4514). Empty to search.</summary>
    public string UserDn { get; init; } = "";

    /// <summary>Where groups are searched; empty for none.</summary>
    public string GroupBaseDn { get; init; } = "";

    /// <summary>Finds the groups of a user; <c>{0}</c> is the user's DN, escaped (RFC 4515).</summary>
    public string GroupFilter { get; init; } = "(member={0})";

    /// <summary>The attribute that names a group.</summary>
    public string GroupAttribute { get; init; } = "cn";
}
