namespace RegistryProxy.Configuration;

/// <summary>Google Artifact Registry and gcr.io: access tokens of a service account.</summary>
public sealed record GoogleCredentials : UpstreamCredentials
{
    public override string Type => "google";

    /// <summary>
    /// A service-account key, or a configuration of workload identity federation; <c>null</c> for the account of the machine. Absolute,
    /// read again when it is used.
    /// </summary>
    public string? KeyFile { get; init; }

    /// <summary>Asked instead of <c>oauth2.googleapis.com</c>; <c>null</c> to ask that.</summary>
    public Uri? TokenEndpoint { get; init; }

    /// <summary>Asked instead of <c>sts.googleapis.com</c>; <c>null</c> to ask that.</summary>
    public Uri? StsEndpoint { get; init; }

    /// <summary>Asked instead of <c>iamcredentials.googleapis.com</c>; <c>null</c> to ask that.</summary>
    public Uri? IamEndpoint { get; init; }

    /// <summary>Asked instead of the metadata server; <c>null</c> to ask that.</summary>
    public Uri? MetadataEndpoint { get; init; }
}
