using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Uploads;

/// <summary>Where a blob is mounted from, and whether it was.</summary>
internal sealed class BlobMount(KnownPlaces places, UpstreamFetcher fetcher)
{
    /// <summary>
    /// The name of the source at the upstream; <c>null</c> for none. A source that the rules refuse, that lies at another upstream or that
    /// does not exist all look the same: a new upload. A token that merely lacks the scope is asked for again, with both, which is the
    /// error then.
    /// </summary>
    public (RepositoryName? Source, DistributionError? Error) SourceOf(RegistryRequest request, Digest digest, string? from)
    {
        if (from is null)
        {
            return (KnownSource(request, digest), null);
        }

        if (!RepositoryName.TryParse(from, out var source)
            || !request.Caller.MayEver(source, RepositoryActions.Pull)
            || request.TokenService.Tenant.RouteOf(source) is not { } route
            || route.DestinationOf(source) is not { } place
            || place.Upstream != request.Upstream)
        {
            return (null, null);
        }

        if (request.Caller.Require(source, RepositoryActions.Pull, RepositoryActions.Pull, RepositoryActions.Pull) is { } refusal)
        {
            var target = Scope.Of(request.Repository, RepositoryActions.Pull | RepositoryActions.Push);
            return (null, (refusal with { Scope = $"{target} {refusal.Scope}" }).At(request.TokenService));
        }

        return (place.Name, null);
    }

    /// <summary>Whether the repository has the blob, as far as the upstream says: some say 201 to any mount.</summary>
    public async Task<bool> IsThere(RegistryRequest request, Digest digest)
    {
        var error = await fetcher.Confirm(Fetch.Blob(request, digest), request.Aborted);
        if (error is null)
        {
            places.Add(RepositoryLink.Of(request, digest));
        }

        return error?.Status != StatusCodes.Status404NotFound;
    }

    /// <summary>A repository of the same upstream that had the blob, from which the caller may pull by rules and token alike.</summary>
    private RepositoryName? KnownSource(RegistryRequest request, Digest digest)
    {
        var supplier = TenantRepository.Of(request).Supplier;
        return places.Of(supplier, digest)
            .FirstOrDefault(name => request.TokenService.Tenant.Routes.Any(route => MayPull(request, route, name)));
    }

    private static bool MayPull(RegistryRequest request, TenantRoute route, RepositoryName name) =>
        route.Upstream == request.Upstream
        && route.ToPublic(name) is { } source
        && request.TokenService.Tenant.RouteOf(source) == route
        && request.Caller.MayEver(source, RepositoryActions.Pull)
        && request.Caller.Require(source, RepositoryActions.Pull, RepositoryActions.Pull, RepositoryActions.Pull) is null;
}
