using RegistryProxy.Gateway.Distribution;

namespace RegistryProxy.Gateway.Cache;

/// <summary>That a repository holds a digest, as one tenant was told by one upstream.</summary>
internal readonly record struct Holding(string Tenant, string Upstream, string Repository, string Digest)
{
    public static Holding Of(Exchange exchange, string digest) =>
        new(exchange.Site.Tenant.Name, exchange.Upstream.Identity, exchange.UpstreamName.Value, digest);
}
