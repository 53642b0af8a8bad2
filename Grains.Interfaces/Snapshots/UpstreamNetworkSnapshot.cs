using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Interfaces;

/// <summary>How a gateway opens connections to an upstream. The files are read where the configuration is, and travel by content.</summary>
[GenerateSerializer, Immutable, Alias("rp.upstream-network")]
public sealed record UpstreamNetworkSnapshot
{
    /// <summary>Certificates that sign servers' in addition to the system's, in PEM; <c>null</c> for none.</summary>
    [Id(0)]
    public string? Authorities { get; init; }

    /// <summary>What is shown to the upstream when it asks for a certificate, in PEM; <c>null</c> for none.</summary>
    [Id(1)]
    public string? Certificate { get; init; }

    /// <summary>The key of the certificate, in PEM.</summary>
    [Id(2)]
    public Secret? Key { get; init; }
}
