namespace RegistryProxy.Configuration;

/// <summary>One way to prove an identity.</summary>
public abstract record AuthenticatorConfiguration
{
    public required string Name { get; init; }

    /// <summary>The <c>type</c> in the file.</summary>
    public abstract string Type { get; }
}

/// <summary>Users of an Apache password file; bcrypt only.</summary>
public sealed record HtpasswdConfiguration : AuthenticatorConfiguration
{
    public override string Type => "htpasswd";

    /// <summary>Absolute path; read again when it changes.</summary>
    public required string File { get; init; }

    /// <summary>From group to its users.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Groups { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}
