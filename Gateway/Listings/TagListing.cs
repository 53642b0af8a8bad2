using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary><c>tags/list</c>: sorted and paged, whatever the upstream makes of it.</summary>
internal sealed class TagListing(UpstreamListing listing, ListingRoom room)
{
    public async Task<DistributionError?> List(Exchange exchange)
    {
        if (!Page.TryParse(exchange.Path.Query, out var page))
        {
            return Page.Malformed;
        }

        var tags = new PageEntries(page);
        var error = await room.Run(exchange.Context, exchange.Site.Tenant.Name, exchange.Caller, ReadAny);
        if (error is not null)
        {
            return error;
        }

        await ListingWriter.Write(exchange.Context, $"/v2/{exchange.Repository}/tags/list", tags, "tags", exchange.Repository.Value);
        return null;

        async Task<DistributionError?> ReadAny()
        {
            var fallback = new Fallback(exchange);
            DistributionError? failed;
            do
            {
                failed = await Read();
            }
            while (fallback.GoesOn(failed));
            return fallback.Told;
        }

        Task<DistributionError?> Read()
        {
            tags.Clear();
            return listing.ReadAll(
                exchange, exchange.Upstream, UpstreamScope.Pull(exchange.UpstreamName), $"/v2/{exchange.UpstreamName}/tags/list", "tags", Add, exchange.Aborted);
        }

        void Add(ReadOnlySpan<char> text)
        {
            if (tags.Wants(text) && Tag.TryParse(text, out var tag))
            {
                tags.Add(tag.Value);
            }
        }
    }
}
