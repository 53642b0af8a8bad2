namespace RegistryProxy.Configuration;

/// <summary>AWS principals, by a presigned <c>sts:GetCallerIdentity</c> that names this server in a signed header.</summary>
public sealed record AwsStsConfiguration : AuthenticatorConfiguration
{
    public override string Type => "aws-sts";

    public override bool ProvesMachines => true;

    /// <summary>Accounts of 12 digits whose principals may log in; never empty.</summary>
    public required IReadOnlyList<string> Accounts { get; init; }

    /// <summary>
    /// Must equal the signed header <c>X-RegistryProxy-Server-Id</c>: a request signed for another server is of no use here.
    /// </summary>
    public required string ServerId { get; init; }

    /// <summary>Asked instead of the AWS host that was signed for; <c>null</c> to ask that one.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Whether <see cref="Endpoint"/> may be on a private address.</summary>
    public bool AllowPrivate { get; init; }
}

/// <summary>EC2 instances, by the PKCS#7 form (RSA-2048) of the instance identity document.</summary>
public sealed record AwsIidConfiguration : AuthenticatorConfiguration
{
    public override string Type => "aws-iid";

    public override bool ProvesMachines => true;

    public override IReadOnlyList<string> Files => [Certificates];

    /// <summary>Accounts of 12 digits whose instances may log in; never empty.</summary>
    public required IReadOnlyList<string> Accounts { get; init; }

    /// <summary>Regions whose instances may log in; empty for all regions that have a certificate.</summary>
    public IReadOnlyList<string> Regions { get; init; } = [];

    /// <summary>A folder of regional certificates, or one file, in PEM.</summary>
    public required string Certificates { get; init; }

    /// <summary>How long after <c>pendingTime</c> a document is taken.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(365);
}
