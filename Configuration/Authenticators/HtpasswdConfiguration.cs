namespace RegistryProxy.Configuration;

/// <summary>Users of an Apache password file; bcrypt only.</summary>
public sealed record HtpasswdConfiguration : AuthenticatorConfiguration
{
    public override string Type => "htpasswd";

    public override bool TakesPasswords => true;

    public override IReadOnlyList<string> Files => [File];

    /// <summary>Absolute path; read again when it changes.</summary>
    public required string File { get; init; }

    /// <summary>From group to its users.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Groups { get; init; } = new Dictionary<string, IReadOnlyList<string>>();
}
