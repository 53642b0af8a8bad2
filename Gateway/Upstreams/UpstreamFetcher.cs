using RegistryProxy.Gateway.Upstreams.Headers;

namespace RegistryProxy.Gateway.Upstreams;

/// <summary>Requests of the cache's own.</summary>
internal sealed class UpstreamFetcher(UpstreamClient client, UpstreamMeter meter)
{
    /// <summary>Counts a download that was cut and goes on.</summary>
    public void Resumed() => meter.Resumed();

    /// <summary>Asks with HEAD; the digest and length that the upstream says, or the error for the client.</summary>
    public Task<UpstreamResult> Ask(Fetch fetch, CancellationToken cancellation) =>
        client.Ask(fetch.Destination.Upstream, fetch with { IsMetered = false }, Message(fetch, HttpMethod.Head), cancellation);

    /// <summary>Asks with GET, from an offset on; the answer with its body to be read, or the error for the client.</summary>
    public Task<UpstreamResult> Get(Fetch fetch, long? from, CancellationToken cancellation)
    {
        var message = Message(fetch, HttpMethod.Get);
        if (from is { } offset)
        {
            message.Headers.TryAddWithoutValidation("Range", $"bytes={offset}-");
        }

        return client.Send(fetch.Destination.Upstream, fetch, message, cancellation);
    }

    private static HttpRequestMessage Message(Fetch fetch, HttpMethod method)
    {
        var message = new HttpRequestMessage(method, (Uri?)null);
        RequestHeaders.AddCommon(message);
        if (fetch.Accept.Length > 0)
        {
            message.Headers.TryAddWithoutValidation("Accept", fetch.Accept);
        }

        return message;
    }
}
