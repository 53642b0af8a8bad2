using System.Text.Json;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Listings;

/// <summary>
/// Reads a listing of an upstream. Registries differ in what they make of <c>n</c> and <c>last</c>: pages are followed by the upstream's
/// own <c>Link</c>, under a cap, and put in order here.
/// </summary>
internal sealed class UpstreamListing(UpstreamClient client)
{
    /// <summary>The most that is read of one page, in bytes.</summary>
    private const int MaxPageBytes = 8 * 1024 * 1024;

    /// <summary>The most pages of one listing.</summary>
    private const int MaxPages = 100;

    /// <summary>All names of a listing, in the upstream's order.</summary>
    /// <param name="upstream">The upstream.</param>
    /// <param name="scope">What its token must carry.</param>
    /// <param name="path">The listing without its query.</param>
    /// <param name="member">The member of the body that holds the names.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<UpstreamReply<IReadOnlyList<string>>> ReadAll(
        Upstream upstream, string scope, string path, string member, CancellationToken cancellation)
    {
        List<string> names = [];
        string? query = $"n={Page.MaxSize}";
        for (var count = 0; query is not null && count < MaxPages; count++)
        {
            var page = await client.Send(
                upstream, scope, HttpMethod.Get, $"{path}?{query}",
                (response, token) => ReadPage(response, upstream, member, token), cancellation);
            if ((page.Error ?? page.Value!.Error) is { } error)
            {
                return new UpstreamReply<IReadOnlyList<string>>(null, error);
            }

            names.AddRange(page.Value!.Names);
            query = page.Value.Next == query ? null : page.Value.Next;
        }

        return new UpstreamReply<IReadOnlyList<string>>(names, null);
    }

    private static async Task<ListingPage> ReadPage(HttpResponseMessage response, Upstream upstream, string member, CancellationToken cancellation)
    {
        if (!response.IsSuccessStatusCode)
        {
            return new ListingPage([], null, await UpstreamErrors.From(upstream, DistributionError.NameUnknown(), response, cancellation));
        }

        using var document = JsonDocument.Parse(await BoundedBody.Read(response, MaxPageBytes, cancellation));
        var names = document.RootElement.ValueKind == JsonValueKind.Object
            && document.RootElement.TryGetProperty(member, out var list) && list.ValueKind == JsonValueKind.Array
                ? list.EnumerateArray().Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!).ToList()
                : [];
        return new ListingPage(names, LinkHeader.NextQuery(response, upstream), null);
    }

    private sealed record ListingPage(IReadOnlyList<string> Names, string? Next, DistributionError? Error);
}
