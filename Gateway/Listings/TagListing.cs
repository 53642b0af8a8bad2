using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary><c>tags/list</c>: sorted and paged, whatever the upstream makes of it.</summary>
internal sealed class TagListing(ListingReader reader, ListingRoom room)
{
    public async Task<DistributionError?> List(RegistryRequest request)
    {
        if (!Page.TryParse(request.Path.Query, out var page))
        {
            return Page.Malformed;
        }

        var tags = new PageEntries(page);
        var error = await room.Run(request.Context, request.TokenService.Tenant.Name, request.Caller, ReadAny);
        if (error is not null)
        {
            return error;
        }

        await ListingWriter.Write(request.Context, $"/v2/{request.Repository}/tags/list", tags, "tags", request.Repository.Value);
        return null;

        async Task<DistributionError?> ReadAny()
        {
            var fallback = new Fallback(request);
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
            var question = new ListingQuestion(
                request, request.Upstream, UpstreamScope.Pull(request.UpstreamName), $"/v2/{request.UpstreamName}/tags/list", "tags");
            return reader.ReadPage(request.TokenService.Tenant.Name, question, tags, Add, request.Aborted);
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
