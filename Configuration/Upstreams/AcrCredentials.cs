namespace RegistryProxy.Configuration;

/// <summary>An Azure container registry: an Entra token, exchanged at the registry.</summary>
public sealed record AcrCredentials : UpstreamCredentials
{
    public override string Type => "acr";

    /// <summary>The directory of the application; <c>null</c> for that of the environment.</summary>
    public string? TenantId { get; init; }

    /// <summary>The application, or the user-assigned managed identity; <c>null</c> for the system-assigned one.</summary>
    public string? ClientId { get; init; }

    /// <summary>The secret of the application; <c>null</c> for a workload identity or a managed one.</summary>
    public SecretSource? ClientSecret { get; init; }

    /// <summary>
    /// A token that Entra trusts (workload identity); <c>null</c> for that of the environment, if any. Absolute, read again when it is
    /// used.
    /// </summary>
    public string? FederatedTokenFile { get; init; }

    /// <summary>Entra, of the cloud that the registry is in or as the file says.</summary>
    public required Uri Authority { get; init; }

    /// <summary>Asked instead of the metadata service of the machine; <c>null</c> to ask that.</summary>
    public Uri? MetadataEndpoint { get; init; }

    /// <summary>Whom the Entra token is for.</summary>
    public string Audience { get; init; } = "https://containerregistry.azure.net";
}
