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

    /// <summary>The proxy; <c>null</c> for that of the gateway's environment, if there is one.</summary>
    [Id(3)]
    public ProxySnapshot? Proxy { get; init; }
}

/// <summary>The proxy on the way to an upstream.</summary>
[GenerateSerializer, Immutable, Alias("rp.proxy-snapshot")]
public sealed record ProxySnapshot
{
    /// <summary>Scheme and authority; <c>null</c> for no proxy.</summary>
    [Id(0)]
    public Uri? Url { get; init; }

    /// <summary>The user of Basic credentials; <c>null</c> for none.</summary>
    [Id(1)]
    public string? Username { get; init; }

    /// <summary>Its password.</summary>
    [Id(2)]
    public Secret? Password { get; init; }

    /// <summary>What it is not used for.</summary>
    [Id(3)]
    public IReadOnlyList<string> NoProxy { get; init; } = [];

    /// <summary>The key of the configuration that names it.</summary>
    [Id(4)]
    public string Source { get; init; } = "";
}
