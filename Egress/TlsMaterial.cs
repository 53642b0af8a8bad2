using RegistryProxy.Protocol;

namespace RegistryProxy.Egress;

/// <summary>What TLS has beyond the system's authorities, each in PEM.</summary>
/// <param name="Authorities">Certificates that sign servers' in addition to the system's; <c>null</c> for none.</param>
/// <param name="Certificate">What is shown to servers that ask for a certificate, those that signed it behind it; <c>null</c> for none.</param>
/// <param name="Key">The key of the certificate; together with it.</param>
public sealed record TlsMaterial(string? Authorities, string? Certificate, Secret? Key);
