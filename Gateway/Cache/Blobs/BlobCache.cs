using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// Pulls of blobs on cached routes: 1. the repository must be known to hold the digest, or the upstream is asked; 2. from the disk;
/// 3. else from the one download of it, which everybody joins, but for a range that does not wait for it.
/// </summary>
internal sealed class BlobCache(
    StoredBlobs stored, BlobDownloads downloads, LinkCheck links, UnkeptBlobs unkept, BlobParts parts, BlobAnswers answers,
    CacheMeter meter)
{
    /// <summary>
    /// Answers, or returns the error for the client, or leaves the blob to the upstream; then <see cref="Learn"/> wants to know of its
    /// answer.
    /// </summary>
    public async ValueTask<ServedBlob> Serve(RegistryRequest request)
    {
        var digest = request.Path.Digest!;
        var link = RepositoryLink.Of(request, digest);
        var fetch = Fetch.Blob(request, digest);

        // 1. To know a digest opens nothing.
        var opened = links.Knows(link);
        if (!opened)
        {
            await links.Listen(link, request.Aborted);
        }

        if (!opened && (stored.Has(link.Supplier.Tenant, request.Upstream, digest) || downloads.IsRunningElsewhere(link)))
        {
            if (await links.Confirm(link, fetch, request.Aborted) is { } refused)
            {
                return new ServedBlob(refused);
            }

            opened = true;
        }

        // 2. From the disk.
        if (opened && await stored.Open(link.Supplier.Tenant, request.Upstream, digest) is { } lease)
        {
            using (lease)
            {
                return new ServedBlob(await answers.Hit(request, digest, lease));
            }
        }

        // 3. From the download.
        return request.IsHead ? Leave(request, CacheState.Miss, new LeftBlob(link, links.Mark(link)))
            : await parts.Serve(request, link, fetch) is { } part ? part
            : unkept.MayBeKept(link) ? await Join(request, digest, link, fetch)
            : Leave(request, CacheState.Bypass, new LeftBlob(link, null));
    }

    /// <summary>Takes what came of a blob that was left to the upstream; the error for the client.</summary>
    public DistributionError? Learn(RegistryRequest request, LeftBlob left, DistributionError? error)
    {
        // A client that has gone leaves a response that says nothing.
        if (left.Asked is { } mark && error is null && request.Context.Response.StatusCode == StatusCodes.Status200OK
            && !request.Aborted.IsCancellationRequested)
        {
            links.Learn(left.Link, mark);
        }

        return links.Classify(left.Link, error);
    }

    /// <summary>What is refused to who began a download alone, those who joined it ask for themselves.</summary>
    private async Task<ServedBlob> Join(RegistryRequest request, Digest digest, RepositoryLink link, Fetch fetch)
    {
        ServedBlob? served;
        do
        {
            served = await JoinOnce(request, digest, link, fetch);
        }
        while (served is null);
        return served.Value;
    }

    private async Task<ServedBlob?> JoinOnce(RegistryRequest request, Digest digest, RepositoryLink link, Fetch fetch)
    {
        var (download, isNew) = downloads.Join(link, fetch);
        try
        {
            if (!isNew && download.Starter != link && !links.Knows(link)
                && await links.Confirm(link, fetch, request.Aborted) is { } refused)
            {
                return new ServedBlob(refused);
            }

            if (await download.Head(request.Aborted) is { } error && download.Starter == link)
            {
                return !isNew && error.IsOfCaller ? null : new ServedBlob(links.Classify(link, error));
            }

            if (!download.IsKept)
            {
                if (download.Starter == link)
                {
                    unkept.Note(link, download.Size);
                }

                return Leave(request, CacheState.Bypass, new LeftBlob(link, null));
            }

            if (download.Starter == link)
            {
                links.Learn(link, download.Asked);
            }

            return new ServedBlob(await answers.Follow(request, digest, download, fetch, isNew));
        }
        finally
        {
            download.Leave();
        }
    }

    private ServedBlob Leave(RegistryRequest request, CacheState state, LeftBlob left)
    {
        meter.Count(request, state);
        return new ServedBlob(null, left);
    }
}

/// <summary>What the cache did with a pull of a blob.</summary>
/// <param name="Error">The error for the client; <c>null</c> when it was answered, or left.</param>
/// <param name="Left">Set when the upstream is to be asked past the cache.</param>
internal readonly record struct ServedBlob(DistributionError? Error, LeftBlob? Left = null);

/// <summary>A blob that is left to the upstream.</summary>
/// <param name="Link">The blob as the tenant gets it.</param>
/// <param name="Asked">For a HEAD, when it was asked: a good answer teaches where the blob is.</param>
internal sealed record LeftBlob(RepositoryLink Link, WriteMark? Asked);
