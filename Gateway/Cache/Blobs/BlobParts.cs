using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Ranges;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>Parts of blobs that are not cached.</summary>
internal sealed class BlobParts(
    LinkCheck links, UnkeptBlobs unkept, BackgroundDownloads behind, ColdRanges cold, CacheMeter meter)
{
    /// <summary>
    /// Passes parts on at once, if the route says so and the upstream gives parts; behind them may come the whole. <c>null</c> when the
    /// whole is to be waited for.
    /// </summary>
    public async Task<ServedBlob?> Serve(RegistryRequest request, RepositoryLink link, Fetch fetch)
    {
        if (request.Route.Ranges == RouteRanges.Wait
            || AskedRanges.Of(request.Context.Request, ContentHead.TagOf(link.Digest)) is not { } asked)
        {
            return null;
        }

        var sent = await cold.Send(request, fetch, asked);
        if (sent.IsWhole)
        {
            return null;
        }

        var isPart = sent.Error is null && request.Context.Response.StatusCode == StatusCodes.Status206PartialContent;
        meter.Count(request, isPart ? CacheState.Unverified : CacheState.Bypass);
        if (request.Route.Ranges == RouteRanges.Fill && isPart && !sent.IsCut && unkept.MayBeKept(link))
        {
            behind.Begin(link, fetch, request);
        }

        return new ServedBlob(links.Classify(link, sent.Error));
    }
}
