namespace RegistryProxy.Configuration;

/// <summary>Files of TLS to an upstream, by absolute path; read again when they change.</summary>
/// <param name="Ca">Certificates that sign the upstream's, in PEM, in addition to the system's. <c>null</c> for
/// none.</param>
/// <param name="Certificate">Our certificate, in PEM; <c>null</c> for none.</param>
/// <param name="Key">Its key; together with it.</param>
public sealed record UpstreamTls(CertificateSource? Ca, string? Certificate, string? Key)
{
    /// <summary>The files that there are.</summary>
    public IReadOnlyList<string> Files => [.. new[] { Ca?.Path, Certificate, Key }.OfType<string>()];
}
