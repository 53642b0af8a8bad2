using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Real disks that are full or may only be read: pulls go on, operators hear of it, and it passes by itself.</summary>
public sealed class CacheDiskFailureTests
{
    private static readonly TestBlob Small = TestBlob.Random(750, 2_000_000);
    private static readonly TestBlob Large = TestBlob.Random(751, 12_000_000);
    private static readonly TestBlob Other = TestBlob.Random(752, 3_000_000);

    [Fact]
    public async Task A_full_disk_is_bypassed_until_there_is_room_again()
    {
        await using var disk = await SmallDisk.Mount(20);
        await using var upstream = await BlobUpstream.Start(Small, Large, Other);
        await using var door = await FrontDoor.Start(Yaml(upstream, disk));
        using var alice = door.Client("alice");
        await ShouldCost(alice, upstream, Small, Small.Bytes.Length);
        var filler = Path.Combine(disk.Path, "filler");
        await File.WriteAllBytesAsync(filler, new byte[10_000_000]);

        // The first reader of what does not fit gets it whole: the rest is fetched past the disk.
        await ShouldBe(alice, Large);
        Assert.Equal(1, await door.Metric("registryproxy_cache_bypassed"));
        await Eventually.True(async () => (await door.Admin("/admin/cache")).Contains("\"state\": \"bypassed\""), "operators see it");
        await ShouldCost(alice, upstream, Small, 0);

        File.Delete(filler);
        await Eventually.True(async () => await door.Metric("registryproxy_cache_bypassed") == 0, "it is used again");
        await ShouldBe(alice, Large);
        await ShouldCost(alice, upstream, Large, 0);
        Assert.Equal(1, door.Log.Split('\n').Count(line => line.Contains("cannot be written and is bypassed")));
        Assert.Contains("works again", door.Log);
    }

    [Fact]
    public async Task A_disk_that_may_only_be_read_is_read()
    {
        await using var disk = await SmallDisk.Mount(40);
        await using var upstream = await BlobUpstream.Start(Small, Large, Other);
        await using var door = await FrontDoor.Start(Yaml(upstream, disk));
        using (var alice = door.Client("alice"))
        {
            await ShouldCost(alice, upstream, Small, Small.Bytes.Length);
            await disk.SetWritable(false);
            await ShouldCost(alice, upstream, Small, 0);
            await ShouldBe(alice, Large);
            await ShouldCost(alice, upstream, Large, Large.Bytes.Length);
            Assert.Equal(1, await door.Metric("registryproxy_cache_bypassed"));
        }

        // A process that starts on it serves what is there.
        await door.Terminate();
        await door.Restart();
        using var bob = door.Client("bob");
        await ShouldCost(bob, upstream, Small, 0);
        await ShouldBe(bob, Other);
        await disk.SetWritable(true);
        await Eventually.True(async () => await door.Metric("registryproxy_cache_bypassed") == 0, "it is used again");
        await ShouldBe(bob, Other);
        await ShouldCost(bob, upstream, Other, 0);
    }

    private static string Yaml(BlobUpstream upstream, SmallDisk disk) =>
        CacheTests.Yaml(upstream.Url).Replace("path: cache,", $"path: {disk.Path},");

    private static async Task ShouldCost(RegistryClient client, BlobUpstream upstream, TestBlob blob, long bytes)
    {
        var before = upstream.Sent;
        await ShouldBe(client, blob);
        Assert.Equal(bytes, upstream.Sent - before);
    }

    private static async Task ShouldBe(RegistryClient client, TestBlob blob)
    {
        using var response = await client.GetBlob("a/b", blob.Digest);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(blob.Digest, new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest);
    }
}
