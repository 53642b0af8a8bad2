namespace RegistryProxy.Configuration;

/// <summary>Amazon ECR or ECR Public: <c>GetAuthorizationToken</c> of an AWS principal.</summary>
public sealed record EcrCredentials : UpstreamCredentials
{
    public override string Type => "ecr";

    /// <summary>The region of the registry; always <c>us-east-1</c> for ECR Public.</summary>
    public required string Region { get; init; }

    /// <summary>Whether the registry is ECR Public.</summary>
    public bool IsPublic { get; init; }

    /// <summary>Whether FIPS endpoints are asked.</summary>
    public bool Fips { get; init; }

    /// <summary>The API that gives tokens, as the region has it or as the file says.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>Asked instead of the STS of the region; <c>null</c> to ask that one.</summary>
    public Uri? StsEndpoint { get; init; }

    /// <summary>Keys of a user; <c>null</c> for the principal of the machine (the default chain of AWS).</summary>
    public AwsAccessKey? AccessKey { get; init; }

    /// <summary>
    /// An OpenID Connect token that the first role is assumed with; <c>null</c> for none. Absolute, read again when it is used.
    /// </summary>
    public string? WebIdentityTokenFile { get; init; }

    /// <summary>Roles to assume, one with the other's credentials.</summary>
    public IReadOnlyList<AwsRole> Roles { get; init; } = [];
}

/// <summary>Static keys of an AWS principal.</summary>
/// <param name="Id">The access key id.</param>
/// <param name="Secret">The secret access key.</param>
/// <param name="SessionToken">For temporary keys; <c>null</c> for those of a user.</param>
public sealed record AwsAccessKey(string Id, SecretSource Secret, SecretSource? SessionToken);

/// <summary>A role to assume.</summary>
/// <param name="Arn">Its ARN.</param>
/// <param name="ExternalId">What its trust policy asks for as <c>sts:ExternalId</c>; <c>null</c> for nothing.</param>
/// <param name="SessionName">The name of the session, as CloudTrail shows it.</param>
public sealed record AwsRole(string Arn, string? ExternalId, string SessionName)
{
    public const string DefaultSessionName = "registryproxy";
}
