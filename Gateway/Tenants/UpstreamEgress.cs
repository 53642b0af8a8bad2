using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Tenants;

/// <summary>From what the cluster says of an upstream to how connections for it are opened.</summary>
internal static class UpstreamEgress
{
    public static EgressSettings Of(UpstreamSnapshot snapshot) => snapshot.Network is not { } network
        ? new EgressSettings(snapshot.AllowPrivate)
        : new EgressSettings(snapshot.AllowPrivate)
        {
            Tls = network.Authorities is null && network.Certificate is null ? null : new TlsMaterial(network.Authorities, network.Certificate, network.Key),
            Targets = new ConfiguredTargets([snapshot.Url]),
        };
}
