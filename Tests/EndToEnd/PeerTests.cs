using System.Diagnostics;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A blob that many gateways want comes from the upstream once, whatever happens to the gateway that fetches it.</summary>
[Collection(AloneCollection.Name)]
public sealed class PeerTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cold_blob_is_fetched_once_whoever_wants_it_and_ranges_join_across_gateways(bool sendFile)
    {
        await using var cluster = await PeerCluster.Start(silos: 2, gateways: 3, sendFile: sendFile);
        var (readers, size) = sendFile ? (60, 32) : (Sizes.Of(60, 500), Sizes.Of(32, 1024));
        var blob = TestBlob.Random(400, size * 1024 * 1024);
        await cluster.Put(PeerReader.Repository, blob);
        var clients = await cluster.Readers();
        var before = cluster.Upstream.Sent;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, readers).Select(i => clients[i % 3].Read(blob, i % 4 == 3 ? i * 100_000 : null)));
        var fetched = cluster.Upstream.Sent - before;
        output.WriteLine(
            $"{readers} clients, {size} MiB: {(double)fetched / blob.Bytes.Length:F4} x from the " +
            $"upstream, {watch.Elapsed.TotalSeconds:F1} s");
        Assert.InRange(fetched, blob.Bytes.Length, blob.Bytes.Length * 1.01);
        await PeerCluster.Counts(2.0 * blob.Bytes.Length, cluster.Gateways, "registryproxy_peers_received");
        await PeerCluster.Counts(1, cluster.Gateways, "registryproxy_peers_fetches", "elected");

        // One grain call for a cold miss and one more of the elected gateway, when it has the blob; none for a hit.
        await PeerCluster.Counts(4, cluster.Gateways, "registryproxy_gateway_grain_calls", "\"fetch\"");
        await Task.WhenAll(clients.Select(client => client.Read(blob)));
        await PeerCluster.Counts(4, cluster.Gateways, "registryproxy_gateway_grain_calls", "\"fetch\"");

        // What one has on its disk now is read from there by one that comes late.
        var late = await cluster.Doors.StartGateway(cluster.Tls("late"));
        await late.Ready();
        var client = await cluster.Reader(late);
        await client.Read(blob);
        Assert.True(cluster.Upstream.Sent - before <= blob.Bytes.Length * 1.01);
        await PeerCluster.Counts(blob.Bytes.Length, [late], "registryproxy_peers_received");
    }
}
