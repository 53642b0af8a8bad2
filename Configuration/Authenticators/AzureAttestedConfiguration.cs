namespace RegistryProxy.Configuration;

/// <summary>Azure virtual machines, by attested data of the instance metadata service with a nonce of ours.</summary>
public sealed record AzureAttestedConfiguration : AuthenticatorConfiguration
{
    public override string Type => "azure-attested";

    public override bool ProvesMachines => true;

    public override IReadOnlyList<string> Files => [Roots];

    /// <summary>Subscriptions whose machines may log in; never empty.</summary>
    public required IReadOnlyList<string> Subscriptions { get; init; }

    /// <summary>
    /// A folder of root and intermediate certificates, or one file, in PEM. Self-signed ones are trusted, the others complete chains.
    /// </summary>
    public required string Roots { get; init; }
}
