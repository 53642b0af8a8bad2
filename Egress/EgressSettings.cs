using System.Net;
using RegistryProxy.Protocol;

namespace RegistryProxy.Egress;

/// <summary>How connections for one upstream, issuer or service are opened. Equal settings share connections.</summary>
/// <param name="AllowPrivate">Whether loopback and private addresses may be dialled.</param>
public sealed record EgressSettings(bool AllowPrivate)
{
    /// <summary>The name of Google's metadata service; that of others is an address.</summary>
    private const string Metadata = "metadata.google.internal";

    /// <summary>Nothing but the addresses is out of the ordinary.</summary>
    public bool IsPlain => Tls is null && Proxy is null;

    /// <summary>
    /// Whether every address is vetted here, through a proxy too: who named it is not the operator.
    /// </summary>
    public bool IsVetted { get; init; }

    /// <summary>Authorities and a certificate of our own; <c>null</c> for none.</summary>
    public TlsMaterial? Tls { get; init; }

    /// <summary>The proxy of the network; <c>null</c> for none.</summary>
    public ProxySettings? Proxy { get; init; }

    /// <summary>The servers that the operator named: they alone see our certificate, and are reached by name through a proxy.</summary>
    public ConfiguredTargets Targets { get; init; } = ConfiguredTargets.None;

    /// <summary>Cheap: certificates are compared, not hashed.</summary>
    public override int GetHashCode() =>
        HashCode.Combine(AllowPrivate, Targets, Tls?.Authorities?.Length, Tls?.Certificate?.Length, Proxy?.Url);

    /// <summary>How a target is reached, as far as its name tells.</summary>
    internal Passage To(string host, int port) =>
        Proxy is not { } proxy || IsLocal(host) || proxy.Except.Has(host, port) ? Passage.Direct
        : IsVetted || IPAddress.TryParse(host, out _) || !Targets.Names(host, port) ? Passage.ProxyByAddress
        : Passage.ProxyByName;

    private static bool IsLocal(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || host.Equals(Metadata, StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
}

/// <summary>What TLS has beyond the system's authorities, each in PEM.</summary>
/// <param name="Authorities">Certificates that sign servers' in addition to the system's; <c>null</c> for none.</param>
/// <param name="Certificate">What is shown to servers that ask for a certificate, those that signed it behind it; <c>null</c> for
/// none.</param>
/// <param name="Key">The key of the certificate; together with it.</param>
public sealed record TlsMaterial(string? Authorities, string? Certificate, Secret? Key);

/// <summary>How a target is reached.</summary>
internal enum Passage
{
    /// <summary>Resolved, vetted and dialled here.</summary>
    Direct,

    /// <summary>Resolved and vetted here, dialled by the proxy.</summary>
    ProxyByAddress,

    /// <summary>Resolved and dialled by the proxy.</summary>
    ProxyByName,
}
