using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>That a repository holds a digest, as one tenant was told by one upstream.</summary>
internal readonly record struct RepositoryLink(TenantRepository Repository, Digest Digest)
{
    public static RepositoryLink Of(RegistryRequest request, Digest digest) => new(TenantRepository.Of(request), digest);

    public Supplier Supplier => Repository.Supplier;

    public WriteTarget Target => new(Repository.Address, Repository.Name, ManifestReference.Of(Digest));
}
