using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// <c>_catalog</c>: the repositories of every route whose upstream can list them, in public names, only those that the caller may pull.
/// An upstream that has no catalog, or none for us, adds nothing; one that fails makes the whole fail, since its part would be missing unseen.
/// </summary>
internal sealed class CatalogListing(UpstreamListing listing, ListingRoom room)
{
    /// <summary>How many upstreams are read at once for one request.</summary>
    public const int MaxUpstreams = 4;

    public async Task<DistributionError?> List(RegistryExchange exchange)
    {
        if (!Page.TryParse(exchange.Path.Query, out var page))
        {
            return Page.Malformed;
        }

        var names = new PageEntries(page);
        var failure = await room.Run(exchange.Context, exchange.Site.Tenant.Name, exchange.Caller, () => ReadRoutes(exchange, names));
        if (failure is null)
        {
            await ListingWriter.Write(exchange.Context, "/v2/_catalog", names, "repositories", null);
        }

        return failure;
    }

    private async Task<DistributionError?> ReadRoutes(RegistryExchange exchange, PageEntries names)
    {
        DistributionError? failure = null;
        await Parallel.ForEachAsync(
            exchange.Site.Tenant.Routes,
            new ParallelOptions { MaxDegreeOfParallelism = MaxUpstreams, CancellationToken = exchange.Context.RequestAborted },
            async (route, cancellation) =>
            {
                var error = failure ?? await ReadNames(route, exchange, names, cancellation);
                failure ??= error is not null && Outage.Is(error) ? error : null;
            });
        return failure;
    }

    private Task<DistributionError?> ReadNames(TenantRoute route, RegistryExchange exchange, PageEntries names, CancellationToken cancellation)
    {
        return listing.ReadAll(null, route.Upstream, UpstreamScope.Catalog, "/v2/_catalog", "repositories", Add, cancellation);

        void Add(ReadOnlySpan<char> text)
        {
            if (RepositoryName.TryParse(text, out var there) && route.ToPublic(there) is { } name
                && exchange.Site.Tenant.RouteOf(name) == route && exchange.Caller.MayEver(name, RepositoryActions.Pull))
            {
                lock (names)
                {
                    names.Add(name.Value);
                }
            }
        }
    }
}
