using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>Whether a repository holds a blob: as it is known here, or as its upstream says when it is asked.</summary>
internal sealed class LinkCheck(HoldingIndex holdings, KnownPlaces places, WriteWatch writes, UpstreamFetcher fetcher)
{
    /// <inheritdoc cref="HoldingIndex.Knows"/>
    public bool Knows(in Holding holding) => holdings.Knows(holding);

    /// <summary>To be taken before an upstream is asked.</summary>
    public WriteMark Mark(in Holding holding) => writes.Mark(holding.Repository);

    /// <inheritdoc cref="HoldingIndex.Learn"/>
    public void Learn(in Holding holding, in WriteMark mark)
    {
        holdings.Learn(holding, mark);
        places.Add(holding);
    }

    /// <summary>Asks the upstream; the error for the client when the repository does not hold it.</summary>
    public async Task<DistributionError?> Confirm(Holding holding, Fetch fetch, CancellationToken cancellation)
    {
        var mark = writes.Mark(holding.Repository);
        var error = await fetcher.Confirm(fetch, cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (error is null)
        {
            Learn(holding, mark);
            return null;
        }

        return Outage.Is(error) && holdings.Knew(holding) ? null : Judge(holding, error);
    }

    /// <summary>An upstream that says no ends what was known.</summary>
    public DistributionError? Judge(in Holding holding, DistributionError? error)
    {
        if (error is not null && Outage.IsRefusal(error))
        {
            holdings.Forget(holding);
        }

        return error;
    }
}
