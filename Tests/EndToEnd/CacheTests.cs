using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Http;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What is pulled twice comes from the cache; what was written, deleted or is not yours does not.</summary>
public sealed class CacheTests
{
    [Fact]
    public async Task A_second_pull_does_not_ask_the_upstream_and_survives_its_end()
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await FrontDoor.Start(Yaml(registry.Url, "1h"));
        using var alice = door.Client("alice");
        var image = TestImage.Build(200, 300_000);
        await alice.PushImage("a/b", "v1", image);
        await Pull(alice, image);
        registry.Kill();
        await Pull(alice, image);
        using var byDigest = await alice.GetManifest("a/b", image.Manifest.Digest.Value);
        Assert.Equal(image.Manifest.Bytes, await byDigest.Content.ReadAsByteArrayAsync());
        Assert.Equal(TestImage.OciManifest, byDigest.Content.Headers.ContentType!.MediaType);
        using var head = await alice.Do(HttpMethod.Head, $"/v2/a/b/blobs/{image.Layers[^1].Digest}", RegistryClient.Pull("a/b"));
        Assert.Equal(image.Layers[^1].Bytes.Length, head.Content.Headers.ContentLength);
        Assert.Equal(image.Layers[^1].Digest.Value, head.Headers.GetValues("Docker-Content-Digest").Single());
        Assert.Contains("\"cache\":\"hit\"", door.Log);
        await Eventually.True(async () => (await door.Admin("/admin/cache")).Contains("\"state\": \"ok\""),
            "the gateway reports its cache");
        Assert.True(await door.Metric("registryproxy_cache_saved") > 300_000);
    }

    [Fact]
    public async Task A_digest_opens_nothing_through_a_repository_that_does_not_hold_it()
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await LeasedDoors.Take(Yaml(registry.Url));
        using var alice = door.Client("alice");
        var image = TestImage.Build(201, 5000);
        await alice.PushImage("a/b", "v1", image);
        await alice.PushImage("other/c", "v1", TestImage.Build(202, 10));
        await Pull(alice, image);
        using var blob = await alice.GetBlob("other/c", image.Layers[^1].Digest);
        await blob.ShouldFail(HttpStatusCode.NotFound, "BLOB_UNKNOWN");
        using var manifest = await alice.GetManifest("other/c", image.Manifest.Digest.Value);
        await manifest.ShouldFail(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");

        // Deleted through us, it is gone here too, although the bytes may lie on the disk.
        using var delete = await alice.Do(HttpMethod.Delete, $"/v2/a/b/blobs/{image.Layers[^1].Digest}", "repository:a/b:delete");
        await delete.ShouldBe(HttpStatusCode.Accepted);
        using var gone = await alice.GetBlob("a/b", image.Layers[^1].Digest);
        await gone.ShouldFail(HttpStatusCode.NotFound, "BLOB_UNKNOWN");
    }

    [Fact]
    public async Task A_push_is_seen_at_once_through_every_gateway()
    {
        await using var registry = await DockerRegistry.Start();
        await using var doors = await SplitDoor.Start(Yaml(registry.Url, "1h"), gateways: 2);
        var clients = doors.Gateways.Select(gateway => new RegistryClient(gateway, "alice", FrontDoor.PasswordOf("alice"))).ToList();
        for (var round = 0; round < Support.Sizes.Of(10, 200); round++)
        {
            var image = TestImage.Build(300 + round, 10);
            await clients[round % 2].PushImage("a/b", "v1", image);
            foreach (var client in clients)
            {
                using var seen = await client.GetManifest("a/b", "v1");
                Assert.Equal(image.Manifest.Bytes, await seen.Content.ReadAsByteArrayAsync());
            }
        }

        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Many_readers_of_a_cold_blob_cost_one_download_and_ranges_join_it()
    {
        var blob = TestBlob.Random(203, 4_000_000);
        long sent = 0;
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path == "/v2/")
            {
                return;
            }

            context.Response.ContentLength = blob.Bytes.Length;
            for (var at = 0; at < blob.Bytes.Length && HttpMethods.IsGet(context.Request.Method); at += 40_000)
            {
                Interlocked.Add(ref sent, 40_000);
                await context.Response.Body.WriteAsync(blob.Bytes.AsMemory(at, 40_000), context.RequestAborted);
                await Task.Delay(5);
            }
        });
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var alice = door.Client("alice");
        await alice.Token(RegistryClient.Pull("a/b"));
        var readers = Enumerable.Range(0, Support.Sizes.Of(100, 500)).Select(async i =>
        {
            var (first, last) = (i * 30_000, (i * 30_000) + 1_000_000);
            using var response = await alice.GetBlob("a/b", blob.Digest, i % 2 == 0 ? [] : [("Range", $"bytes={first}-{last}")]);
            Assert.Equal(i % 2 == 0 ? HttpStatusCode.OK : HttpStatusCode.PartialContent, response.StatusCode);
            var bytes = await response.Content.ReadAsByteArrayAsync();
            Assert.True(bytes.AsSpan().SequenceEqual(i % 2 == 0 ? blob.Bytes : blob.Bytes.AsSpan(first, bytes.Length)));
            Assert.Equal(i % 2 == 0 ? blob.Bytes.Length : Math.Min(last, blob.Bytes.Length - 1) - first + 1, bytes.Length);
        }).ToList();
        await Task.WhenAll(readers);
        Assert.Equal(blob.Bytes.Length, sent);
        Assert.True(await door.Metric("registryproxy_cache_requests", "joined") > 0);
    }

    [Fact]
    public async Task Wrong_bytes_are_cut_and_never_kept()
    {
        var blob = TestBlob.Random(204, 3_000_000);
        var wrong = true;
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path == "/v2/")
            {
                return;
            }

            var bytes = (byte[])blob.Bytes.Clone();
            bytes[1_500_000] ^= (byte)(wrong ? 1 : 0);
            context.Response.ContentLength = bytes.Length;
            await context.Response.Body.WriteAsync(bytes);
        });
        await using var door = await FrontDoor.Start(Yaml(upstream.Url));
        using var alice = door.Client("alice");
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await alice.GetBlob("a/b", blob.Digest);
            await response.Content.ReadAsByteArrayAsync();
        });
        await Eventually.True(
            () => Directory.GetFiles(door.PathOf("cache"), "*", SearchOption.AllDirectories) is [var only]
                && Path.GetFileName(only) == "lock", "nothing of it is kept");
        Assert.Equal(1, await door.Metric("registryproxy_cache_corrupt"));
        wrong = false;
        using var right = await alice.GetBlob("a/b", blob.Digest);
        Assert.Equal(blob.Bytes, await right.Content.ReadAsByteArrayAsync());
        Assert.Single(Directory.GetFiles(Path.Combine(door.PathOf("cache"), "objects"), "*", SearchOption.AllDirectories));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_download_that_is_cut_goes_on_where_it_was(bool cached)
    {
        var blob = TestBlob.Random(205, 4_000_000);
        var ranges = new ConcurrentQueue<string>();
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            if (context.Request.Path == "/v2/")
            {
                return;
            }

            var first = 0;
            if (context.Request.Headers.Range.ToString() is { Length: > 0 } range)
            {
                ranges.Enqueue(range);
                first = int.Parse(range["bytes=".Length..range.IndexOf('-')]);
                context.Response.StatusCode = 206;
                context.Response.Headers.ContentRange = $"bytes {first}-{blob.Bytes.Length - 1}/{blob.Bytes.Length}";
            }

            context.Response.ContentLength = blob.Bytes.Length - first;
            var cut = ranges.Count < 3;
            await context.Response.Body.WriteAsync(blob.Bytes.AsMemory(first, cut ? 500_000 : blob.Bytes.Length - first));
            await context.Response.Body.FlushAsync();
            if (cut)
            {
                context.Abort();
            }
        });
        await using var door = await LeasedDoors.Take(cached ? Yaml(upstream.Url) : DoorConfiguration.Single(upstream.Url));
        using var alice = door.Client("alice");
        var before = await door.Metric("registryproxy_gateway_resumed");
        using var response = await alice.GetBlob("a/b", blob.Digest);
        Assert.Equal(blob.Bytes, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(3, ranges.Count);
        await Eventually.True(async () => await door.Metric("registryproxy_gateway_resumed") == before + 3, "each is counted");
    }

    /// <summary>A door with one cached route.</summary>
    [Fact]
    public async Task A_tag_is_what_it_is_for_the_types_that_a_client_takes_and_a_false_label_costs_no_second_fetch()
    {
        const string Image = """{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","layers":[]}""";
        const string Index = """{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}""";
        await using var upstream = await RecordingUpstream.Start(context =>
        {
            var path = context.Request.Path.Value!;
            var index = context.Request.Headers.Accept.ToString().Contains("index");
            context.Response.ContentType = path.Contains("/odd/") ? "text/html"
                : index ? TestImage.OciIndex : "application/vnd.docker.distribution.manifest.v2+json";
            return path == "/v2/" || context.Request.Method == "HEAD" ? Task.CompletedTask
                : context.Response.WriteAsync(index ? Index : Image);
        });
        await using var door = await LeasedDoors.Take(Yaml(upstream.Url, "1h"));
        using var alice = door.Client("alice");
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(Image, await Get("a/b", "application/vnd.docker.distribution.manifest.v2+json"));
            Assert.Equal(Index, await Get("a/b", $"{TestImage.OciIndex}, application/vnd.docker.distribution.manifest.v2+json"));
            Assert.Equal(Index, await Get("a/b", $"application/vnd.docker.distribution.manifest.v2+json,{TestImage.OciIndex}"));
            Assert.Equal(Image, await Get("odd/b", "*/*"));
        }

        Assert.Equal(2, upstream.Requests.Count(request => request.Method == "GET" && request.Target.Contains("/a/b/manifests/")));
        Assert.Single(upstream.Requests, request => request.Method == "GET" && request.Target.Contains("/odd/b/manifests/"));

        async Task<string> Get(string repository, string accept)
        {
            using var response = await alice.Do(
                HttpMethod.Get, $"/v2/{repository}/manifests/v1", RegistryClient.Pull(repository), null, ("Accept", accept));
            return await response.Content.ReadAsStringAsync();
        }
    }

    [Fact]
    public async Task A_client_that_leaves_before_the_answer_teaches_nothing()
    {
        var blob = TestBlob.Random(203, 5000);
        var asked = new TaskCompletionSource();
        await using var upstream = await RecordingUpstream.Start(async context =>
        {
            var path = context.Request.Path.Value!;
            if (path.Contains("/b/x/"))
            {
                // It takes its time to say that it has no such thing.
                asked.TrySetResult();
                await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(3)), Task.Delay(Timeout.Infinite, context.RequestAborted));
                context.Response.StatusCode = 404;
            }
            else if (path != "/v2/")
            {
                context.Response.ContentLength = blob.Bytes.Length;
                await (context.Request.Method == "HEAD" ? Task.CompletedTask : context.Response.Body.WriteAsync(blob.Bytes).AsTask());
            }
        });
        await using var door = await LeasedDoors.Take(Yaml(upstream.Url));
        using var alice = door.Client("alice");
        var token = await alice.Token(RegistryClient.Pull("b/x"));
        using (var impatient = new HttpRequestMessage(
            HttpMethod.Head, $"/v2/b/x/blobs/{blob.Digest}") { Headers = { Authorization = new("Bearer", token) } })
        using (var leave = new CancellationTokenSource())
        {
            var sending = alice.Http.SendAsync(impatient, leave.Token);
            await asked.Task;
            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        }

        using (var cached = await alice.GetBlob("a/secret", blob.Digest))
        {
            Assert.Equal(blob.Bytes, await cached.Content.ReadAsByteArrayAsync());
        }

        using var refused = await alice.GetBlob("b/x", blob.Digest);
        await refused.ShouldFail(HttpStatusCode.NotFound, "BLOB_UNKNOWN");
    }

    internal static string Yaml(string upstream, string tagTtl = "0s", string maxBytes = "1GiB", string stale = "10m",
        string ranges = "wait") => DoorConfiguration.Single(
        upstream, extra: $"cache: {{ path: cache, maxBytes: {maxBytes}, tagTtl: {tagTtl}, staleIfError: {stale} }}",
        extraRoute: $", cache: true, ranges: {ranges}");

    private static async Task Pull(RegistryClient client, TestImage image)
    {
        using var manifest = await client.GetManifest("a/b", "v1");
        Assert.Equal(image.Manifest.Bytes, await manifest.Content.ReadAsByteArrayAsync());
        foreach (var blob in image.Blobs)
        {
            using var response = await client.GetBlob("a/b", blob.Digest);
            Assert.Equal(blob.Bytes, await response.Content.ReadAsByteArrayAsync());
        }
    }
}
