namespace RegistryProxy.Configuration;

/// <summary>Signed tokens (JWT, RFC 7519) of one issuer for one audience.</summary>
public abstract record TokenIssuerConfiguration : AuthenticatorConfiguration
{
    /// <summary>Must equal the token's <c>iss</c>.</summary>
    public required string Issuer { get; init; }

    /// <summary>What messages call it.</summary>
    public virtual string Label => Name;

    /// <summary>Must be the token's <c>aud</c>, or one of them.</summary>
    public required string Audience { get; init; }

    public KeySetSource Keys { get; init; } = new DiscoveredKeys();

    /// <summary>Claims that a token must have, each as a glob.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Require { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Whether the issuer may be on a private address.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>Certificates that sign the issuer's, in PEM; <c>null</c> for the system's.</summary>
    public CertificateSource? Ca { get; init; }

    public override string Prover => $"{Type} {Issuer}";

    public override IReadOnlyList<string> Files => [.. new[] { (Keys as FiledKeys)?.Path, Ca?.Path }.OfType<string>()];
}

/// <summary>People and workloads of an OpenID Connect provider.</summary>
public sealed record OidcConfiguration : TokenIssuerConfiguration
{
    public override string Type => "oidc";

    public override string Prover => $"{base.Prover} {SubjectClaim}";

    public string SubjectClaim { get; init; } = "sub";

    public string GroupsClaim { get; init; } = "groups";

    /// <summary>How people log in with a browser; <c>null</c> when only tokens are taken.</summary>
    public InteractiveLoginConfiguration? People { get; init; }
}

/// <summary>This front door as a client of an OpenID Connect provider (OpenID Connect Core 1.0 §3.1).</summary>
/// <param name="ClientId">Also the audience of the ID tokens.</param>
/// <param name="ClientSecret"><c>null</c> for a public client, which proves itself by PKCE alone.</param>
/// <param name="Scopes">What is asked for; <c>openid</c> is among them.</param>
public sealed record InteractiveLoginConfiguration(string ClientId, SecretSource? ClientSecret, IReadOnlyList<string> Scopes);

/// <summary>Service accounts of a Kubernetes cluster, by projected tokens.</summary>
public sealed record KubernetesConfiguration : TokenIssuerConfiguration
{
    public override string Type => "kubernetes";

    public override bool ProvesMachines => true;

    /// <summary>Its name among those of a <see cref="KubernetesClustersConfiguration"/>; <c>null</c> where it is the only one.</summary>
    public string? Cluster { get; init; }

    public override string Label => Cluster is null ? Name : $"{Name}/{Cluster}";
}

/// <summary>Service accounts of several Kubernetes clusters, told apart by their issuers.</summary>
public sealed record KubernetesClustersConfiguration : AuthenticatorConfiguration
{
    public override string Type => "kubernetes";

    public override bool ProvesMachines => true;

    /// <summary>By name; never empty, and no two have one issuer. The files of each are its own.</summary>
    public required IReadOnlyDictionary<string, KubernetesConfiguration> Clusters { get; init; }
}

/// <summary>Google Compute Engine instances, by identity tokens of the metadata server in the full format.</summary>
public sealed record GcpIdentityConfiguration : TokenIssuerConfiguration
{
    public override string Type => "gcp-identity";

    public override bool ProvesMachines => true;

    /// <summary>Projects whose instances may log in; never empty.</summary>
    public required IReadOnlyList<string> Projects { get; init; }
}
