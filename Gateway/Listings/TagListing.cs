using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Sealing;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary><c>tags/list</c>: sorted and paged, whatever the upstream makes of it.</summary>
internal sealed class TagListing(ListingReader reader, ListingRoom room)
{
    /// <summary>Sections of a listing that are read for one request while none of their tags comes after the client's last one.</summary>
    public const int MaxSections = 4;

    public async Task<DistributionError?> List(RegistryRequest request)
    {
        if (!Page.TryParse(request.Path.Query, out var page))
        {
            return Page.Malformed;
        }

        var path = $"/v2/{request.Repository}/tags/list";
        var tenant = request.TokenService.Tenant.Name;
        if (ListingProgress.Of(request.Map, new ListingBinding(tenant, request.Caller.Owner, path), page) is not { } progress
            || !IsAt(request, progress))
        {
            return Page.Lost;
        }

        var tags = new PageEntries(page);
        var error = await room.Run(request.Context, tenant, request.Caller, ReadAny) ?? progress.Tell(tags);
        if (error is not null)
        {
            return error;
        }

        await ListingWriter.Write(request.Context, path, tags, "tags", request.Repository.Value, []);
        return null;

        async Task<DistributionError?> ReadAny()
        {
            var fallback = new Fallback(request);
            DistributionError? failed;
            do
            {
                failed = await Read();
            }
            while (!progress.HasBegun && fallback.GoesOn(failed));
            return progress.HasBegun ? failed : fallback.Told;
        }

        async Task<DistributionError?> Read()
        {
            tags.Clear();
            var question = new ListingQuestion(
                request, request.Route, request.Upstream, UpstreamScope.Pull(request.UpstreamName),
                $"/v2/{request.UpstreamName}/tags/list", "tags") { Part = progress.PartOf(request.Route, request.Upstream) };
            for (var sections = 1; ; sections++)
            {
                progress.Clear();
                var error = await reader.Read(
                    tenant, question, tags.Last.Length > 0 ? tags.Last : null, progress, Add, request.Aborted);
                if (error is not null || tags.HasAny || progress.Next is not { } next || sections == MaxSections)
                {
                    return error;
                }

                question = question with { Part = next };
            }
        }

        void Add(ReadOnlySpan<char> text)
        {
            if (tags.Wants(text) && Tag.TryParse(text, out var tag))
            {
                tags.Add(tag.Value);
            }
        }
    }

    /// <summary>Whether a request is at the upstream of the page that it goes on with: the one that answered the first page.</summary>
    private static bool IsAt(RegistryRequest request, ListingProgress progress)
    {
        for (var i = 0; progress.HasBegun && i < request.Route.UpstreamCount; i++)
        {
            if (request.Route.DestinationOf(request.Repository, i) is { } there
                && progress.PartOf(request.Route, there.Upstream) is not null)
            {
                request.Destination = there;
                return true;
            }
        }

        return !progress.HasBegun;
    }
}
