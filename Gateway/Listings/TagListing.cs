using RegistryProxy.Gateway.Distribution;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary><c>tags/list</c>: sorted and paged, whatever the upstream makes of it.</summary>
internal sealed class TagListing(UpstreamListing listing)
{
    public async Task List(Exchange exchange)
    {
        if (!Page.TryParse(exchange.Path.Query, out var page))
        {
            await ListingWriter.WriteBadPage(exchange.Context);
            return;
        }

        IReadOnlyList<string> tags = [];
        var error = await Fallback.Run(exchange, async () =>
        {
            var reply = await listing.ReadAll(
                exchange.Upstream, UpstreamScope.Pull(exchange.UpstreamName), $"/v2/{exchange.UpstreamName}/tags/list", "tags", exchange.Aborted);
            tags = reply.Value ?? [];
            return reply.Error;
        });
        if (error is not null)
        {
            await DistributionErrorWriter.Write(exchange.Context, error);
            return;
        }

        await ListingWriter.Write(
            exchange.Context, $"/v2/{exchange.Repository}/tags/list", page, "tags",
            tags.Where(tag => Tag.TryParse(tag, out _)), exchange.Repository.Value);
    }
}
