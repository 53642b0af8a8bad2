using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A blob that many gateways want comes from the upstream once, whatever happens to the gateway that fetches it.</summary>
[Collection(AloneCollection.Name)]
public sealed class PeerTests(ITestOutputHelper output)
{
    private const string Repository = "a/b";
    private const int Slow = 4_000_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cold_blob_is_fetched_once_whoever_wants_it_and_ranges_join_across_gateways(bool sendFile)
    {
        await using var cluster = await PeerCluster.Start(silos: 2, gateways: 3, sendFile: sendFile);
        var (readers, size) = sendFile ? (60, 32) : (Sizes.Of(60, 500), Sizes.Of(32, 1024));
        var blob = TestBlob.Random(400, size * 1024 * 1024);
        await cluster.Put(Repository, blob);
        var clients = await Clients(cluster);
        var before = cluster.Upstream.Sent;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, readers).Select(i => Read(clients[i % 3], blob, i % 4 == 3 ? i * 100_000 : null)));
        var fetched = cluster.Upstream.Sent - before;
        output.WriteLine($"{readers} clients, {size} MiB: {(double)fetched / blob.Bytes.Length:F4} x from the upstream, {watch.Elapsed.TotalSeconds:F1} s");
        Assert.InRange(fetched, blob.Bytes.Length, blob.Bytes.Length * 1.01);
        await PeerCluster.Counts(2.0 * blob.Bytes.Length, cluster.Gateways, "registryproxy_peers_received");
        await PeerCluster.Counts(1, cluster.Gateways, "registryproxy_peers_fetches", "elected");

        // One grain call for a cold miss and one more of the elected gateway, when it has the blob; none for a hit.
        await PeerCluster.Counts(4, cluster.Gateways, "registryproxy_gateway_grain_calls", "\"fetch\"");
        await Task.WhenAll(clients.Select(client => Read(client, blob, null)));
        await PeerCluster.Counts(4, cluster.Gateways, "registryproxy_gateway_grain_calls", "\"fetch\"");

        // What one has on its disk now is read from there by one that comes late.
        var late = await cluster.Doors.StartGateway(cluster.Tls("late"));
        await late.Ready();
        using var client = await Client(late);
        await Read(client, blob, null);
        Assert.True(cluster.Upstream.Sent - before <= blob.Bytes.Length * 1.01);
        await PeerCluster.Counts(blob.Bytes.Length, [late], "registryproxy_peers_received");
        clients.ForEach(client => client.Dispose());
    }

    [Theory]
    [InlineData("KILL")]
    [InlineData("STOP")]
    public async Task When_the_elected_gateway_dies_or_hangs_the_others_go_on_where_they_are(string signal)
    {
        await using var cluster = await PeerCluster.Start(silos: 2, gateways: 3, bytesPerSecond: Slow);
        var blob = TestBlob.Random(401, 6 * Slow);
        await cluster.Put(Repository, blob);
        var clients = await Clients(cluster);
        var before = cluster.Upstream.Sent;
        var reading = clients.Select(client => Task.WhenAll(Read(client, blob, null), Read(client, blob, 4_000_000))).ToList();
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
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");
        Assert.True(fetched < 1.5, $"{fetched}");
        var left = cluster.Gateways.Where((_, i) => i != elected).ToList();
        await PeerCluster.Counts(1, left, "registryproxy_peers_fetches", "elected");
        if (signal == "KILL")
        {
            await Assert.ThrowsAnyAsync<Exception>(() => reading[elected]);
        }

        clients.ForEach(client => client.Dispose());
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
        await using var cluster = await PeerCluster.Start(silos: 1, gateways: 1);
        var (known, blob) = (TestBlob.Random(407, 1000), TestBlob.Random(402, 3_000_000));
        await cluster.Put(Repository, known);
        await cluster.Put(Repository, blob);
        var clients = await Clients(cluster);
        await Read(clients[0], known, null);

        // Another member of the cluster says that it has the blob.
        cluster.Tls("false");
        await using var member = await MemberClient.Start(cluster.Doors.Redis, cluster.TlsOf("false"));
        await using var elsewhere = await RecordingUpstream.Agreeable();
        await using var peer = await FalsePeer.Start(
            fault == "stranger" ? TestCertificates.ForLocalhost("false") : cluster.CertificateOf("false"), context => Answer(context, fault, blob, elsewhere.Url));
        var key = await member.KeyOf(known.Digest.Value) with { Digest = blob.Digest.Value };
        Assert.Null((await member.Fetch(key).Elect(peer.Member, null)).Holder);

        if (fault == "wrong bytes")
        {
            await Assert.ThrowsAnyAsync<Exception>(() => Read(clients[0], blob, null));
            await PeerCluster.Counts(1, cluster.Gateways, "registryproxy_cache_corrupt");
        }

        await Read(clients[0], blob, null);
        await PeerCluster.Counts(2, cluster.Gateways, "registryproxy_peers_fetches", "elected");
        Assert.Equal(fault == "stranger" ? 0 : 1, peer.Requests);
        Assert.Empty(elsewhere.Requests);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task A_gateway_that_has_the_blob_and_gives_it_too_slowly_is_left_after_ten_seconds()
    {
        await using var cluster = await PeerCluster.Start(silos: 1, gateways: 1);
        var (known, blob) = (TestBlob.Random(408, 1000), TestBlob.Random(409, 3_000_000));
        await cluster.Put(Repository, known);
        await cluster.Put(Repository, blob);
        var clients = await Clients(cluster);
        await Read(clients[0], known, null);
        cluster.Tls("false");
        await using var member = await MemberClient.Start(cluster.Doors.Redis, cluster.TlsOf("false"));
        await using var peer = await FalsePeer.Start(cluster.CertificateOf("false"), async context =>
        {
            context.Response.ContentLength = blob.Bytes.Length;
            context.Response.Headers["RegistryProxy-Complete"] = "true";
            for (var at = 0; at < blob.Bytes.Length; at += 1000)
            {
                await context.Response.Body.WriteAsync(blob.Bytes.AsMemory(at, 1000), context.RequestAborted);
                await Task.Delay(TimeSpan.FromSeconds(0.5), context.RequestAborted);
            }
        });
        var key = await member.KeyOf(known.Digest.Value) with { Digest = blob.Digest.Value };
        Assert.Null((await member.Fetch(key).Elect(peer.Member, null)).Holder);

        var watch = Stopwatch.StartNew();
        await Read(clients[0], blob, null);
        Assert.InRange(watch.Elapsed.TotalSeconds, 8, 20);
        Assert.Equal(1, peer.Requests);
        clients.ForEach(client => client.Dispose());
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
        await cluster.Put(Repository, blob);
        var clients = await Clients(cluster);
        await Read(clients[0], blob, null);
        File.Delete(Directory.GetFiles(cluster.Doors.FolderOf(cluster.Gateways[0]), $"{blob.Digest.Hex}.blob", SearchOption.AllDirectories).Single());
        await Read(clients[1], blob, null);
        await PeerCluster.Counts(1, [cluster.Gateways[1]], "registryproxy_peers_fetches", "failed");
        await PeerCluster.Counts(1, [cluster.Gateways[1]], "registryproxy_peers_fetches", "elected");
        await Read(clients[2], blob, null);
        await PeerCluster.Counts(0, [cluster.Gateways[2]], "registryproxy_peers_fetches", "failed");
        await PeerCluster.Counts(blob.Bytes.Length, [cluster.Gateways[1]], "registryproxy_peers_sent");
        clients.ForEach(client => client.Dispose());
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
        var clients = await Clients(cluster);
        var hanging = Read(clients[0], blob, null);
        await Eventually.True(() => asked == 1, "the first gateway asks the upstream");
        var watch = Stopwatch.StartNew();
        await Read(clients[1], blob, null);
        Assert.InRange(watch.Elapsed.TotalSeconds, 8, 14);
        over.SetResult();
        await hanging;
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Without_its_silos_every_gateway_fetches_by_itself()
    {
        await using var cluster = await PeerCluster.Start(silos: 2, gateways: 2);
        var cold = TestBlob.Random(404, 8_000_000);
        await cluster.Put(Repository, cold);
        var clients = await Clients(cluster);

        // HEAD of what is not here asks the upstream, and leaves both gateways a grant for the repository.
        foreach (var client in clients)
        {
            using var head = await client.Do(HttpMethod.Head, $"/v2/{Repository}/blobs/{cold.Digest}", RegistryClient.Pull(Repository));
            Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        }

        foreach (var silo in cluster.Silos)
        {
            silo.Process.Kill();
        }

        var before = cluster.Upstream.Sent;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(clients.Select(client => Read(client, cold, null)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(8), $"{watch.Elapsed}");
        Assert.True(cluster.Upstream.Sent - before >= 2 * cold.Bytes.Length);
        await PeerCluster.Counts(2, cluster.Gateways, "registryproxy_peers_fetches", "alone");
        clients.ForEach(client => client.Dispose());
    }

    private static async Task<int> Elected(PeerCluster cluster)
    {
        var elections = await Task.WhenAll(cluster.Gateways.Select(gateway => gateway.Metric("registryproxy_peers_fetches", "elected")));
        return Array.FindIndex(elections, count => count == 1);
    }

    private static async Task<List<RegistryClient>> Clients(PeerCluster cluster) => [.. await Task.WhenAll(cluster.Gateways.Select(Client))];

    /// <summary>A client with its token already.</summary>
    private static async Task<RegistryClient> Client(DoorCluster.Member gateway)
    {
        var client = gateway.Client("alice");
        await client.Token(RegistryClient.Pull(Repository));
        return client;
    }

    /// <summary>Reads a blob, or what of it comes after an offset, without keeping it, and compares.</summary>
    private static async Task Read(RegistryClient client, TestBlob blob, int? from)
    {
        using var response = await client.GetBlob(Repository, blob.Digest, from is null ? [] : [("Range", $"bytes={from}-")]);
        Assert.Equal(from is null ? HttpStatusCode.OK : HttpStatusCode.PartialContent, response.StatusCode);
        await using var body = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[1 << 17];
        var at = from ?? 0;
        while (await body.ReadAsync(buffer) is var read and > 0)
        {
            Assert.True(blob.Bytes.AsSpan(at, read).SequenceEqual(buffer.AsSpan(0, read)), $"the bytes from {at} on are right");
            at += read;
        }

        Assert.Equal(blob.Bytes.Length, at);
    }
}
