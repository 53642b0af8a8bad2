using RegistryProxy.Gateway.Distribution;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// <c>_catalog</c>: the repositories of every route whose upstream can list them, in public names, only those that the caller may pull.
/// An upstream without a catalog adds nothing.
/// </summary>
internal sealed class CatalogListing(UpstreamListing listing)
{
    public async Task List(RegistryExchange exchange)
    {
        if (!Page.TryParse(exchange.Path.Query, out var page))
        {
            await ListingWriter.WriteBadPage(exchange.Context);
            return;
        }

        var names = await Task.WhenAll(exchange.Site.Tenant.Routes.Select(route => NamesOf(route, exchange)));
        await ListingWriter.Write(exchange.Context, "/v2/_catalog", page, "repositories", names.SelectMany(name => name), null);
    }

    private async Task<IEnumerable<string>> NamesOf(TenantRoute route, RegistryExchange exchange)
    {
        var reply = await listing.ReadAll(
            route.Upstream, UpstreamScope.Catalog, "/v2/_catalog", "repositories", exchange.Context.RequestAborted);
        return (reply.Value ?? [])
            .Select(text => RepositoryName.TryParse(text, out var name) ? route.ToPublic(name) : null)
            .Where(name => name is not null && exchange.Site.Tenant.RouteOf(name) == route && exchange.Caller.MayEver(name, RepositoryActions.Pull))
            .Select(name => name!.Value);
    }
}
