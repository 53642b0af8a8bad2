using System.Diagnostics.Metrics;
using System.Net;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Hosting.Server;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Clustering;
using RegistryProxy.ServiceDefaults.Listening;

namespace RegistryProxy.Gateway.Peers;

/// <summary>This gateway as others see it.</summary>
internal sealed class LocalPeer(GatewayOptions options, IServer server, TimeProvider time)
{
    private Uri? _address;

    /// <summary>One process.</summary>
    public string Id { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>What it shows others; <c>null</c> when it has no peer listener.</summary>
    public MemberCertificates? Certificates { get; } = options.Peers is { } peers ? new MemberCertificates(peers.Tls, time) : null;

    /// <summary>What others must know to read from here; <c>null</c> when they cannot, or not yet.</summary>
    public FetchMember? Member =>
        Certificates is not null && (_address ??= Find()) is { } address ? new FetchMember(Id, address, Certificates.Thumbprint) : null;

    private Uri? Find()
    {
        if (server.PeerAddress() is not { } bound)
        {
            return null;
        }

        var host = IPAddress.Parse(bound.IdnHost);
        var reachable = host.Equals(IPAddress.Any) || host.Equals(IPAddress.IPv6Any) ? options.Peers!.Advertised : host;
        return new UriBuilder(Uri.UriSchemeHttps, reachable.ToString(), bound.Port).Uri;
    }
}

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
