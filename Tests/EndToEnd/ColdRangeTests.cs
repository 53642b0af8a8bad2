using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Ranges of blobs that are not in the cache yet do not wait for the whole blob, unless the route says so.</summary>
public sealed class ColdRangeTests
{
    private static readonly TestImage Image = TestImage.Build(890, 900_000);

    private static readonly TestBlob Blob = Image.Layers[^1];

    [Fact]
    public async Task They_are_passed_on_unverified_and_not_kept_by_default()
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await Start(registry, "");
        using var alice = door.Client("alice");
        await alice.PushImage("a/b", "v1", Image);
        for (var i = 0; i < 2; i++)
        {
            await Range(alice, "a/b", "bytes=1000-1999", 1000, 1000);
            await Range(alice, "a/b", "bytes=-10", Blob.Bytes.Length - 10, 10);
        }

        await Eventually.True(async () => await Count(door, "unverified") == 4, "four ranges were passed on");
        await Eventually.True(() => door.Log.Contains("\"event\":\"range\"") && door.Log.Contains("\"cache\":\"unverified\""),
            "the audit log says so");
        Assert.Equal(0, await Count(door, "miss"));
        using (var outside = await alice.GetBlob("a/b", Blob.Digest, ("Range", "bytes=99999999-")))
        {
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, outside.StatusCode);
        }

        // All that begins with the first byte is the whole: it is kept, and ranges come from it.
        await Range(alice, "a/b", "bytes=0-", 0, Blob.Bytes.Length);
        await Eventually.True(async () => await Count(door, "miss") == 1, "the whole was fetched");
        registry.Kill();
        await Range(alice, "a/b", "bytes=1000-1999", 1000, 1000);
        await Eventually.True(async () => await Count(door, "hit") == 1, "a range comes from the cache");
    }

    [Fact]
    public async Task The_whole_is_downloaded_behind_them_once_where_the_route_says_fill()
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await Start(registry, ", ranges: fill");
        using var alice = door.Client("alice");
        await alice.PushImage("a/b", "v1", Image);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Range(alice, "a/b", $"bytes={i * 1000}-{(i * 1000) + 99}", i * 1000, 100)));
        await Eventually.True(
            async () =>
            {
                await Range(alice, "a/b", "bytes=500000-500099", 500_000, 100);
                return await Count(door, "hit") > 0;
            },
            "the whole has come");
        registry.Kill();
        using var whole = await alice.GetBlob("a/b", Blob.Digest);
        Assert.Equal(Blob.Bytes, await whole.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData(", ranges: fill")]
    public async Task A_repository_that_does_not_hold_the_blob_has_no_range_of_it(string ranges)
    {
        await using var registry = await DockerRegistry.Start();
        await using var door = await LeasedDoors.Take(Yaml(registry, ranges));
        using var alice = door.Client("alice");
        await alice.PushImage("a/b", "v1", Image);
        await alice.PushImage("other/c", "v1", TestImage.Build(891, 10));
        for (var i = 0; i < 2; i++)
        {
            using var response = await alice.GetBlob("other/c", Blob.Digest, ("Range", "bytes=10-19"));
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            await Range(alice, "a/b", "bytes=10-19", 10, 10);
        }
    }

    /// <summary>What a lazy snapshotter asks for, of a blob that is not here, that is here, and of the registry itself.</summary>
    [Fact]
    public async Task A_snapshotters_pattern_is_right_and_as_quick_as_the_registry()
    {
        const int Piece = 64 * 1024;
        await using var registry = await DockerRegistry.Start();
        await using var door = await Start(registry, "");
        using var alice = door.Client("alice");
        using var direct = new RegistryClient(registry.Url, null, null);
        var blob = TestBlob.Random(892, Sizes.Of(20_000_000, 1 << 30));
        await alice.PushBlob("a/b", blob);
        var random = new Random(893);
        var offsets = Enumerable.Range(0, Sizes.Of(100, 2000)).Select(_ => random.Next(blob.Bytes.Length - Piece)).ToList();
        List<double> upstream = [], cold = [], warm = [];
        for (var run = 0; run < Sizes.Of(1, 5); run++)
        {
            upstream.Add(await Seconds(offset => direct.Send(
                HttpMethod.Get, $"/v2/a/b/blobs/{blob.Digest}", null, null, ("Range", $"bytes={offset}-{offset + Piece - 1}"))));
            cold.Add(await Seconds(Ask));
        }

        using (var whole = await alice.GetBlob("a/b", blob.Digest))
        {
            await whole.Content.CopyToAsync(Stream.Null);
        }

        for (var run = 0; run < Sizes.Of(1, 5); run++)
        {
            warm.Add(await Seconds(Ask));
        }

        var (asked, first, second) = (Median(upstream), Median(cold), Median(warm));
        TestContext.Current.SendDiagnosticMessage(
            $"{offsets.Count} ranges of 64 KiB: registry {asked:0.00} s, cold {first / asked:0.00} x, warm {second / asked:0.00} x");
        Assert.Equal(offsets.Count * cold.Count, await Count(door, "unverified"));
        Assert.Equal(offsets.Count * warm.Count, await Count(door, "hit"));
        Assert.True(!Sizes.Full || (first <= 1.2 * asked && second <= asked), $"{asked} s, cold {first} s, warm {second} s");

        Task<HttpResponseMessage> Ask(int offset) =>
            alice.GetBlob("a/b", blob.Digest, ("Range", $"bytes={offset}-{offset + Piece - 1}"));

        async Task<double> Seconds(Func<int, Task<HttpResponseMessage>> ask)
        {
            var began = Stopwatch.GetTimestamp();
            await Parallel.ForEachAsync(offsets, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (offset, stop) =>
            {
                using var response = await ask(offset);
                Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
                var bytes = await response.Content.ReadAsByteArrayAsync(stop);
                Assert.True(blob.Bytes.AsSpan(offset, Piece).SequenceEqual(bytes), "other bytes");
            });
            return Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
    }

    private static double Median(List<double> times) => times.Order().ElementAt(times.Count / 2);

    private static Task<FrontDoor> Start(DockerRegistry registry, string ranges) =>
        FrontDoor.Start(Yaml(registry, ranges));

    private static string Yaml(DockerRegistry registry, string ranges) =>
        CacheTests.Yaml(registry.Url, maxBytes: "8GiB").Replace(", ranges: wait", ranges);

    private static async Task<double> Count(FrontDoor door, string result) =>
        await door.Metric("registryproxy_cache_requests", $"result=\"{result}\"");

    private static async Task Range(RegistryClient client, string repository, string range, int first, int count)
    {
        using var response = await client.GetBlob(repository, Blob.Digest, ("Range", range));
        Assert.Equal(HttpStatusCode.PartialContent, response.StatusCode);
        Assert.Equal($"bytes {first}-{first + count - 1}/{Blob.Bytes.Length}", response.Content.Headers.ContentRange!.ToString());
        Assert.Equal(Blob.Bytes.AsSpan(first, count).ToArray(), await response.Content.ReadAsByteArrayAsync());
    }
}
