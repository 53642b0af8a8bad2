using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Requests;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>That a repository holds a digest, as one tenant was told by one upstream.</summary>
/// <param name="Upstream">The upstream with its account: another account may see other things.</param>
/// <param name="Address">Where the upstream is: what is written there by another account is written here.</param>
internal readonly record struct Holding(string Tenant, string Upstream, string Address, string Repository, string Digest)
{
    public static Holding Of(Exchange exchange, string digest) =>
        new(exchange.Site.Tenant.Name, exchange.Upstream.Identity, exchange.Upstream.Address, exchange.UpstreamName.Value, digest);

    public Supplier Supplier => new(Tenant, Upstream);

    public WriteTarget Target => new(Address, Repository, Digest);
}
