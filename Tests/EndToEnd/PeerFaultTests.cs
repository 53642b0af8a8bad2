using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// The gateway that is elected to fetch a blob dies, hangs, is slow or lies: the others have it all the same, and nothing wrong of it.
/// </summary>
[Waits(40)]
public sealed class PeerFaultTests(PeerFaultTests.Pair pair, ITestOutputHelper output) : IClassFixture<PeerFaultTests.Pair>
{
    private const int Slow = 4_000_000;

    [Theory]
    [InlineData("KILL")]
    [InlineData("STOP")]
    public async Task When_the_elected_gateway_dies_or_hangs_the_others_go_on_where_they_are(string signal)
    {
        await using var cluster = await PeerCluster.Start(silos: 2, gateways: 3, bytesPerSecond: Slow);
        var blob = TestBlob.Random(401, 6 * Slow);
        await cluster.Put(PeerReader.Repository, blob);
        var clients = await cluster.Readers();
        var before = cluster.Upstream.Sent;
        var reading = clients.Select(client => Task.WhenAll(client.Read(blob), client.Read(blob, 4_000_000))).ToList();
        await Eventually.True(() => cluster.Upstream.Sent - before > 2 * Slow, "a third has come");
        var elected = await Elected(cluster);
        await PeerCluster.Counts(2, cluster.Gateways, "registryproxy_peers_fetches", "\"peer\"");
        await Shell.Run("kill", [$"-{signal}", cluster.Gateways[elected].Process.Id.ToString()]);
        var watch = Stopwatch.StartNew();
        var others = reading.Where((_, i) => i != elected).ToList();
        await Task.WhenAll(others);
        var fetched = (double)(cluster.Upstream.Sent - before) / blob.Bytes.Length;
        output.WriteLine($"{signal}: {fetched:F2} x from the upstream, the rest took {watch.Elapsed.TotalSeconds:F1} s");

        // Two thirds at the pace of the upstream, once; not one download for each.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(45), $"{watch.Elapsed}");
        Assert.True(fetched < 1.5, $"{fetched}");
        var left = cluster.Gateways.Where((_, i) => i != elected).ToList();
        await PeerCluster.Counts(1, left, "registryproxy_peers_fetches", "elected");
        if (signal == "KILL")
        {
            await Assert.ThrowsAnyAsync<Exception>(() => reading[elected]);
        }
    }

    [Theory]
    [InlineData("wrong bytes")]
    [InlineData("cut")]
    [InlineData("redirect")]
    [InlineData("other part")]
    [InlineData("refusal")]
    [InlineData("stranger")]
    public async Task What_a_gateway_gives_is_checked_and_one_that_cannot_give_it_is_asked_no_more(string fault)
    {
        var cluster = pair.Cluster;
        var blob = await pair.Put();
        var (elected, corrupt) = (await Metric("registryproxy_peers_fetches", "elected"), await Metric("registryproxy_cache_corrupt", ""));

        // Another member of the cluster says that it has the blob.
        await using var elsewhere = await RecordingUpstream.Agreeable();
        await using var peer = await FalsePeer.Start(
            fault == "stranger" ? TestCertificates.ForLocalhost("false")
                : cluster.CertificateOf("false"), context => Answer(context, fault, blob, elsewhere.Url));
        await pair.Elect(peer, blob);

        if (fault == "wrong bytes")
        {
            await Assert.ThrowsAnyAsync<Exception>(() => pair.Reader.Read(blob));
            await PeerCluster.Counts(corrupt + 1, cluster.Gateways, "registryproxy_cache_corrupt");
        }

        await pair.Reader.Read(blob);
        await PeerCluster.Counts(elected + 1, cluster.Gateways, "registryproxy_peers_fetches", "elected");
        Assert.Equal(fault == "stranger" ? 0 : 1, peer.Requests);
        Assert.Empty(elsewhere.Requests);

        Task<double> Metric(string name, string labels) => cluster.Gateways[0].Metric(name, labels);
    }

    [Fact]
    public async Task A_gateway_that_has_the_blob_and_gives_it_too_slowly_is_left_after_ten_seconds()
    {
        var blob = await pair.Put();
        await using var peer = await FalsePeer.Start(pair.Cluster.CertificateOf("false"), async context =>
        {
            context.Response.ContentLength = blob.Bytes.Length;
            context.Response.Headers["RegistryProxy-Complete"] = "true";
            for (var at = 0; at < blob.Bytes.Length; at += 1000)
            {
                await context.Response.Body.WriteAsync(blob.Bytes.AsMemory(at, 1000), context.RequestAborted);
                await Task.Delay(TimeSpan.FromSeconds(0.5), context.RequestAborted);
            }
        });
        await pair.Elect(peer, blob);

        var watch = Stopwatch.StartNew();
        await pair.Reader.Read(blob);
        
        // What it gives would take half an hour.
        Assert.InRange(watch.Elapsed.TotalSeconds, 8, 60);
        Assert.Equal(1, peer.Requests);
    }

    private static async Task Answer(HttpContext context, string fault, TestBlob blob, string elsewhere)
    {
        context.Response.ContentLength = blob.Bytes.Length;
        switch (fault)
        {
            case "wrong bytes":
                var wrong = (byte[])blob.Bytes.Clone();
                wrong[1_500_000] ^= 1;
                await context.Response.Body.WriteAsync(wrong);
                break;
            case "cut":
                await context.Response.Body.WriteAsync(blob.Bytes.AsMemory(0, 1_500_000));
                await context.Response.Body.FlushAsync();
                context.Abort();
                break;
            case "redirect":
                context.Response.ContentLength = null;
                context.Response.Redirect($"{elsewhere}/blob");
                break;
            case "other part":
                (context.Response.StatusCode, context.Response.ContentLength) = (206, 1000);
                context.Response.Headers.ContentRange = $"bytes 1000-1999/{blob.Bytes.Length}";
                await context.Response.Body.WriteAsync(blob.Bytes.AsMemory(1000, 1000));
                break;
            default:
                (context.Response.StatusCode, context.Response.ContentLength) = (403, null);
                break;
        }
    }

    [Fact]
    public async Task A_gateway_that_lost_the_blob_is_asked_once_and_another_is_elected()
    {
        await using var cluster = await PeerCluster.Start(silos: 1, gateways: 3);
        var blob = TestBlob.Random(405, 3_000_000);
        await cluster.Put(PeerReader.Repository, blob);
        var clients = await cluster.Readers();
        await clients[0].Read(blob);
        File.Delete(Directory.GetFiles(
            cluster.Doors.FolderOf(cluster.Gateways[0]), $"{blob.Digest.Hex}.blob", SearchOption.AllDirectories).Single());
        await clients[1].Read(blob);
        await PeerCluster.Counts(1, [cluster.Gateways[1]], "registryproxy_peers_fetches", "failed");
        await PeerCluster.Counts(1, [cluster.Gateways[1]], "registryproxy_peers_fetches", "elected");
        await clients[2].Read(blob);
        await PeerCluster.Counts(0, [cluster.Gateways[2]], "registryproxy_peers_fetches", "failed");
        await PeerCluster.Counts(blob.Bytes.Length, [cluster.Gateways[1]], "registryproxy_peers_sent");
    }

    [Fact]
    public async Task An_elected_gateway_whose_upstream_hangs_is_waited_for_nine_seconds()
    {
        var blob = TestBlob.Random(406, 1_000_000);
        var (asked, over) = (0, new TaskCompletionSource());
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path == "/v2/")
            {
                return;
            }

            if (Interlocked.Increment(ref asked) == 1)
            {
                await over.Task;
            }

            context.Response.ContentLength = blob.Bytes.Length;
            await context.Response.Body.WriteAsync(blob.Bytes);
        });
        await using var cluster = await PeerCluster.Start(silos: 1, gateways: 2, upstream.Url);
        var clients = await cluster.Readers();
        var hanging = clients[0].Read(blob);
        await Eventually.True(() => asked == 1, "the first gateway asks the upstream");
        var watch = Stopwatch.StartNew();
        await clients[1].Read(blob);
        Assert.InRange(watch.Elapsed.TotalSeconds, 8, 40);
        over.SetResult();
        await hanging;
    }

    [Fact]
    public async Task Without_its_silos_every_gateway_fetches_by_itself()
    {
        await using var cluster = await PeerCluster.Start(silos: 2, gateways: 2);
        var cold = TestBlob.Random(404, 8_000_000);
        await cluster.Put(PeerReader.Repository, cold);
        var clients = await cluster.Readers();

        // HEAD of what is not here asks the upstream, and leaves both gateways a grant for the repository.
        foreach (var client in clients)
        {
            using var head = await client.Client.Do(
                HttpMethod.Head, $"/v2/{PeerReader.Repository}/blobs/{cold.Digest}", RegistryClient.Pull(PeerReader.Repository));
            Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        }

        foreach (var silo in cluster.Silos)
        {
            silo.Process.Kill();
        }

        var before = cluster.Upstream.Sent;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(clients.Select(client => client.Read(cold)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{watch.Elapsed}");
        Assert.True(cluster.Upstream.Sent - before >= 2 * cold.Bytes.Length);
        await PeerCluster.Counts(2, cluster.Gateways, "registryproxy_peers_fetches", "alone");
    }

    private static async Task<int> Elected(PeerCluster cluster)
    {
        var elections = await Task.WhenAll(cluster.Gateways.Select(gateway => gateway.Metric("registryproxy_peers_fetches", "elected")));
        return Array.FindIndex(elections, count => count == 1);
    }

    /// <summary>A gateway, and another member of its cluster that says it has blobs.</summary>
    public sealed class Pair : IAsyncLifetime
    {
        private static readonly TestBlob Known = TestBlob.Random(407, 1000);

        private MemberClient _member = null!;
        private int _blobs;

        internal PeerCluster Cluster { get; private set; } = null!;

        /// <summary>A client of the gateway.</summary>
        internal PeerReader Reader { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Cluster = await PeerCluster.Start(silos: 1, gateways: 1);
            await Cluster.Put(PeerReader.Repository, Known);
            Reader = (await Cluster.Readers()).Single();
            await Reader.Read(Known);
            Cluster.Tls("false");
            _member = await MemberClient.Start(Cluster.Doors.Redis, Cluster.TlsOf("false"));
        }

        /// <summary>Puts a blob into the registry that nobody has seen.</summary>
        internal async Task<TestBlob> Put()
        {
            var blob = TestBlob.Random(420 + Interlocked.Increment(ref _blobs), 3_000_000);
            await Cluster.Put(PeerReader.Repository, blob);
            return blob;
        }

        /// <summary>The cluster believes that a peer fetches the blob.</summary>
        internal async Task Elect(FalsePeer peer, TestBlob blob)
        {
            var key = await _member.KeyOf(PeerReader.Repository, blob.Digest);
            Assert.Null((await _member.Fetch(key).Elect(peer.Member, null)).Holder);
        }

        public async ValueTask DisposeAsync()
        {
            await _member.DisposeAsync();
            await Cluster.DisposeAsync();
        }
    }
}
