using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Links;

/// <summary>That a repository holds a digest, as one tenant was told by one upstream.</summary>
internal readonly record struct RepositoryLink(TenantRepository Repository, Digest Digest)
{
    public static RepositoryLink Of(RegistryRequest request, Digest digest) => new(TenantRepository.Of(request), digest);

    public Supplier Supplier => Repository.Supplier;

    public WriteTarget Target => new(Repository.Address, Repository.Name, ManifestReference.Of(Digest));
}

/// <summary>A repository at an upstream, as one tenant sees it.</summary>
/// <param name="Supplier">The tenant, and the upstream with its account: another account may see other things.</param>
/// <param name="Address">Where the upstream is: what is written there by another account is written here.</param>
/// <param name="Name">The name there.</param>
internal readonly record struct TenantRepository(Supplier Supplier, string Address, RepositoryName Name)
{
    public static TenantRepository Of(RegistryRequest request) =>
        new(new Supplier(request.TokenService.Tenant.Name, request.Upstream.Identity), request.Upstream.Address, request.UpstreamName);

    /// <summary>What is written there is written here.</summary>
    public RepositoryPlace Place => new(Address, Name);
}

/// <summary>A repository at an upstream, whoever sees it.</summary>
internal readonly record struct RepositoryPlace(string Address, RepositoryName Name)
{
    /// <summary>Who tells of its writes.</summary>
    public WriteGroup Group => WriteGroup.Of(Address, Name.Value);
}
