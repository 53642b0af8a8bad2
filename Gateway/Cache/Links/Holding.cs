using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>That a repository holds a digest, as one tenant was told by one upstream.</summary>
internal readonly record struct Holding(TenantRepository Repository, Digest Digest)
{
    public static Holding Of(Exchange exchange, Digest digest) => new(TenantRepository.Of(exchange), digest);

    public Supplier Supplier => Repository.Supplier;

    public WriteTarget Target => new(Repository.Address, Repository.Name, ManifestReference.Of(Digest));
}
