using System.Diagnostics.Metrics;

namespace RegistryProxy.Gateway.Peers;

/// <summary>What gateways give each other.</summary>
internal sealed class PeerMeter
{
    private readonly Counter<long> _fetches;
    private readonly Counter<long> _refused;
    private long _received;
    private long _sent;

    public PeerMeter(IMeterFactory meters)
    {
        var meter = meters.Create("RegistryProxy.Gateway");
        _fetches = meter.CreateCounter<long>("registryproxy.peers.fetches", "{fetch}", "Where downloads into the cache began or went on");
        meter.CreateObservableCounter(
            "registryproxy.peers.received", () => Volatile.Read(ref _received), "By", "Bytes of blobs that came from other gateways");
        meter.CreateObservableCounter(
            "registryproxy.peers.sent", () => Volatile.Read(ref _sent), "By", "Bytes of blobs that other gateways got from here");
        _refused = meter.CreateCounter<long>(
            "registryproxy.peers.refused", "{request}", "Requests of other gateways that were refused, by status");
    }

    /// <param name="source"><c>elected</c>: the upstream, for all; <c>peer</c>: another gateway; <c>alone</c>: the upstream, for this
    /// gateway;
    /// <c>failed</c>: a gateway that could not give it.</param>
    public void Fetch(string source) => _fetches.Add(1, new KeyValuePair<string, object?>("source", source));

    public void Received(long bytes) => Interlocked.Add(ref _received, bytes);

    public void Sent(long bytes) => Interlocked.Add(ref _sent, bytes);

    public void Refused(int status) => _refused.Add(1, new KeyValuePair<string, object?>("status", status));
}
