using RegistryProxy.Egress;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Tenants;

/// <summary>From what the cluster says of an upstream to how connections for it are opened.</summary>
internal static class UpstreamEgress
{
    public static EgressSettings Of(UpstreamSnapshot snapshot)
    {
        var (network, settings) = (snapshot.Network, new EgressSettings(snapshot.AllowPrivate) { IsVetted = snapshot.IsOfTenant });
        settings = settings with
        {
            Tls = network is { Authorities: not null } or { Certificate: not null }
                ? new TlsMaterial(network.Authorities, network.Certificate, network.Key) : null,
            Proxy = network?.Proxy is { } proxy ? Of(proxy) : EnvironmentProxy.Current.Settings,
        };
        return settings.IsPlain ? settings : settings with { Targets = new ConfiguredTargets([snapshot.Url], snapshot.RedirectHosts) };
    }

    private static ProxySettings? Of(ProxySnapshot proxy) => proxy.Url is null ? null : new ProxySettings(proxy.Url, proxy.Source)
    {
        Username = proxy.Username, Password = proxy.Password, Except = NoProxyList.Of(proxy.NoProxy),
    };
}
