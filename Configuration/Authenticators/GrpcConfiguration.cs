namespace RegistryProxy.Configuration;

/// <summary>A verifier of the operator's own, over gRPC (<c>verifier.proto</c>).</summary>
public sealed record GrpcConfiguration : AuthenticatorConfiguration
{
    public override string Type => "grpc";

    public override string Prover => $"{Type} {Endpoint}";

    public override IReadOnlyList<string> Files => [.. new[] { Ca?.Path, Certificate, Key }.OfType<string>()];

    /// <summary><c>https://</c>, or <c>http://</c> on loopback with <see cref="AllowPrivate"/>.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>Certificates that sign the verifier's, in PEM; <c>null</c> for the system's.</summary>
    public CertificateSource? Ca { get; init; }

    /// <summary>Our certificate, in PEM; together with <see cref="Key"/>.</summary>
    public string? Certificate { get; init; }

    public string? Key { get; init; }

    /// <summary>Whether the verifier may be on a private address.</summary>
    public bool AllowPrivate { get; init; }
}
