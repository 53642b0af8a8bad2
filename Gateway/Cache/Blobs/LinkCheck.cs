using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>Whether a repository holds a blob: as it is known here, or as its upstream says when it is asked.</summary>
internal sealed class LinkCheck(RepositoryLinkIndex linkIndex, KnownPlaces places, InvalidationClock clock, UpstreamFetcher fetcher)
{
    /// <inheritdoc cref="RepositoryLinkIndex.Knows"/>
    public bool Knows(in RepositoryLink link) => linkIndex.Knows(link);

    /// <inheritdoc cref="InvalidationClock.Listen"/>
    public ValueTask Listen(in RepositoryLink link, CancellationToken cancellation) => clock.Listen(link.Repository.Place, cancellation);

    /// <summary>To be taken before an upstream is asked.</summary>
    public WriteMark Mark(in RepositoryLink link) => clock.Mark(link.Repository);

    /// <inheritdoc cref="RepositoryLinkIndex.Learn"/>
    public void Learn(in RepositoryLink link, in WriteMark mark)
    {
        linkIndex.Learn(link, mark);
        places.Add(link);
    }

    /// <summary>Asks the upstream; the error for the client when the repository does not hold it.</summary>
    public async Task<DistributionError?> Confirm(RepositoryLink link, Fetch fetch, CancellationToken cancellation)
    {
        var mark = clock.Mark(link.Repository);
        var error = await fetcher.Confirm(fetch, cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (error is null)
        {
            Learn(link, mark);
            return null;
        }

        return UpstreamErrorKind.IsOutage(error) && linkIndex.Knew(link) ? null : Classify(link, error);
    }

    /// <summary>An upstream that says no ends what was known.</summary>
    public DistributionError? Classify(in RepositoryLink link, DistributionError? error)
    {
        if (error is not null && UpstreamErrorKind.IsRefusal(error))
        {
            linkIndex.Forget(link);
        }

        return error;
    }
}
