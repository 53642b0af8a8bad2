using RegistryProxy.Protocol;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Requests of the cache's own.</summary>
internal sealed class UpstreamFetcher(UpstreamClient client, HeadVerifier heads, UpstreamMeter meter, FailureLog failures)
{
    /// <summary>An answer came, and may be of no use.</summary>
    public void Tell(Fetch fetch, HttpResponseMessage answer, DistributionError? error) =>
        failures.Tell(fetch.Destination.Upstream, fetch.Scope, answer, error);

    /// <summary>An answer did not come whole.</summary>
    public void Tell(Fetch fetch, HttpResponseMessage answer, Exception fault) =>
        failures.Tell(fetch.Destination.Upstream, fetch.Scope, answer, fault);

    /// <summary>Counts a download that was cut and goes on.</summary>
    public void Resumed() => meter.Resumed();

    /// <summary>
    /// Asks with HEAD: the digest and length that the upstream says, or the error for the client; <c>null</c> when only a GET can tell.
    /// </summary>
    public async Task<UpstreamResult?> Head(Fetch fetch, CancellationToken cancellation)
    {
        var record = heads.RecordOf(fetch);
        if (record.IsVoid)
        {
            return null;
        }

        var result = await heads.Head(fetch, cancellation);
        switch (result)
        {
            case { Answer: not null }:
                record.Confirm();
                return result;
            case { Refused.IsNoWordOfGet: true }:
                record.Reject();
                return null;
            case { Refused.IsDoubtful: true }:
                return !await heads.IsBelieved(fetch, cancellation) ? null
                    : result.Refused is { Status: 401 or 403 } ? await heads.Head(fetch, cancellation, mayBeTrial: false) : result;
            default:
                return result;
        }
    }

    /// <summary>Asks whether it is there: with HEAD, or, where only a GET can tell, with one of the first byte.</summary>
    public async Task<DistributionError?> Confirm(Fetch fetch, CancellationToken cancellation)
    {
        if (await Head(fetch, cancellation) is not { } result)
        {
            using var message = fetch.ToMessage(HttpMethod.Get);
            message.Headers.TryAddWithoutValidation("Range", "bytes=0-0");
            result = Seen(fetch, await client.SendWithTimeout(fetch.Destination.Upstream, fetch, message, cancellation), cancellation);
        }

        using (result.Answer)
        {
            // What has no bytes has no first one.
            return result.Refused is { Status: 416 } ? null : result.Error;
        }
    }

    /// <summary>Asks with GET; the answer with its body to be read, or the error for the client.</summary>
    public Task<UpstreamResult> Get(Fetch fetch, CancellationToken cancellation) => GetRange(fetch, null, cancellation);

    /// <summary>
    /// The same from an offset on, to the last of its <paramref name="size"/> bytes: there are registries that refuse ranges without end.
    /// </summary>
    public Task<UpstreamResult> GetRest(Fetch fetch, long from, long size, CancellationToken cancellation) =>
        GetRange(fetch, from == 0 ? null : $"bytes={from}-{size - 1}", cancellation);

    /// <summary>The same for what the header <c>Range</c> says, if any.</summary>
    public async Task<UpstreamResult> GetRange(Fetch fetch, string? range, CancellationToken cancellation)
    {
        var message = fetch.ToMessage(HttpMethod.Get);
        if (range is not null)
        {
            message.Headers.TryAddWithoutValidation("Range", range);
        }

        return Seen(fetch, await client.Send(fetch.Destination.Upstream, fetch, message, cancellation), cancellation);
    }

    private UpstreamResult Seen(Fetch fetch, UpstreamResult result, CancellationToken cancellation)
    {
        if (result.Cause is { } cause && !cancellation.IsCancellationRequested)
        {
            failures.Tell(fetch.Destination.Upstream, cause);
        }

        if (result.Answer is not null)
        {
            heads.RecordOf(fetch).Witness(fetch);
        }

        return result;
    }
}
