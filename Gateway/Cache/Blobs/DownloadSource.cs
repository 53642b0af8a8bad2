using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Peers;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Grains.Interfaces;

namespace RegistryProxy.Gateway.Cache.Blobs;

/// <summary>
/// Where one download into the cache comes from. 1. The cluster elects one gateway, which asks the upstream; 2. the others read from it, or
/// are told of another when it fails them; 3. who finds neither, or no cluster, asks the upstream on its own.
/// </summary>
internal sealed class DownloadSource(
    Fetch fetch, RepositoryLink link, UpstreamFetcher upstream, Elections elections, PeerClient peers, PeerMeter meter, TimeProvider time)
{
    /// <summary>
    /// How long it may take other gateways to have the head of their upstream's answer, all of them together. With the twenty seconds that
    /// an upstream has it is less than the thirty that containerd waits for.
    /// </summary>
    private static readonly TimeSpan PeerTimeout = TimeSpan.FromSeconds(9);

    /// <summary>How many gateways are tried before the upstream is asked without an election.</summary>
    private const int MaxPeers = 2;

    private readonly FetchKey _key = new(link.Supplier.Tenant, link.Supplier.Upstream, link.Repository.Name, link.Digest);
    private FetchElection? _election;
    private long _begun;

    /// <summary>Whether it is another gateway now.</summary>
    public bool IsPeer => Holder is not null;

    /// <summary>Begins: the answer with its body to be read, or the error for the client.</summary>
    public Task<UpstreamResult> Open(CancellationToken cancellation) => Open(null, () => upstream.Get(fetch, cancellation), cancellation);

    /// <summary>The same from where one of <paramref name="size"/> bytes was cut.</summary>
    public Task<UpstreamResult> Reopen(long from, long size, CancellationToken cancellation) =>
        Open(from, () => upstream.GetRest(fetch, from, size, cancellation), cancellation);

    private async Task<UpstreamResult> Open(long? from, Func<Task<UpstreamResult>> ask, CancellationToken cancellation)
    {
        Count(from ?? 0);
        var (failed, began) = (Failed(), time.GetTimestamp());
        for (var peer = 0; peer < MaxPeers && PeerTimeout - time.GetElapsedTime(began) is var left && left > TimeSpan.Zero; peer++)
        {
            // 1. Who?
            _election = await elections.Elect(_key, failed, cancellation);
            if (Holder is not { } holder)
            {
                break;
            }

            // 2. Another one.
            if (await peers.Open(holder, _election!.Ticket!.Reveal(), link.Digest, from, left, cancellation) is { } answer)
            {
                meter.Fetch("peer");
                return new UpstreamResult(answer, null);
            }

            failed = Failed();
        }

        // 3. The upstream.
        _election = IsPeer ? null : _election;
        meter.Fetch(_election is null ? "alone" : "elected");
        return await ask();
    }

    /// <summary>Counts that it was cut and goes on.</summary>
    public void Resumed() => upstream.Resumed();

    /// <summary>The download ended, at an offset.</summary>
    public void Ended(DownloadEnd end, long at)
    {
        Count(at);

        // Wrong bytes of another gateway are its shame: it is named no more.
        if (_election is { } election && (!IsPeer || end == DownloadEnd.Corrupt))
        {
            _ = elections.End(_key, election.Term, end == DownloadEnd.Complete);
        }
    }

    private FetchMember? Holder => _election?.Holder;

    private string? Failed()
    {
        if (IsPeer)
        {
            meter.Fetch("failed");
        }

        return Holder?.Id;
    }

    private void Count(long at)
    {
        if (IsPeer)
        {
            meter.Received(at - _begun);
        }

        _begun = at;
    }
}

/// <summary>Makes the <see cref="DownloadSource"/> of each download.</summary>
internal sealed class DownloadSources(UpstreamFetcher upstream, Elections elections, PeerClient peers, PeerMeter meter, TimeProvider time)
{
    public DownloadSource For(Fetch fetch, in RepositoryLink link) => new(fetch, link, upstream, elections, peers, meter, time);
}
