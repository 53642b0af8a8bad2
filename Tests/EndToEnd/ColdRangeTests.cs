using System.Net;
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
        await using var door = await Start(registry, ranges);
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

    private static Task<FrontDoor> Start(DockerRegistry registry, string ranges) =>
        FrontDoor.Start(CacheTests.Yaml(registry.Url).Replace(", ranges: wait", ranges));

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
