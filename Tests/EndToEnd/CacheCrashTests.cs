using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>kill -9 in the middle of downloads into the cache.</summary>
public sealed class CacheCrashTests
{
    private const int FillsPerRound = 10;

    [Fact]
    public async Task No_wrong_byte_is_served_after_a_crash_in_a_download()
    {
        var random = new Random(740);
        var blobs = Enumerable.Range(0, 30).Select(i => TestBlob.Random(7400 + i, random.Next(1, 40) * 100_000)).ToArray();
        await using var upstream = await BlobUpstream.Start(blobs);
        upstream.Pace = TimeSpan.FromMilliseconds(4);
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url));
        var (whole, cut) = (0, 0);
        for (var fills = 0; fills < Sizes.Of(20, 500); fills += FillsPerRound)
        {
            using var client = door.Client("alice");
            await client.Token(RegistryClient.Pull("a/b"));
            var readers = random.GetItems(blobs, FillsPerRound).Select(blob => Read(client, blob)).ToList();
            await Task.Delay(random.Next(20, 400));
            door.Kill();
            foreach (var reader in readers)
            {
                _ = await reader ? whole++ : cut++;
            }

            await door.Restart();
        }

        TestContext.Current.SendDiagnosticMessage($"{whole} downloads were whole when the process died, {cut} were not");
        Assert.True(cut > 0);
        upstream.Pace = TimeSpan.Zero;
        using var alice = door.Client("alice");
        foreach (var blob in blobs)
        {
            Assert.True(await Read(alice, blob));
        }

        foreach (var file in Directory.GetFiles(Path.Combine(door.PathOf("cache"), "objects"), "*", SearchOption.AllDirectories))
        {
            Assert.Equal(StoredBlobs.NameOf(new TestBlob(await File.ReadAllBytesAsync(file)).Digest), Path.GetFileName(file));
        }

        Assert.Empty(Directory.GetFiles(Path.Combine(door.PathOf("cache"), "partial")));
        Assert.Equal(0, await door.Metric("registryproxy_cache_corrupt"));
    }

    /// <summary>Whether it came whole; what ends cleanly must be right.</summary>
    private static async Task<bool> Read(RegistryClient client, TestBlob blob)
    {
        try
        {
            using var response = await client.GetBlob("a/b", blob.Digest);
            Assert.Equal(System.Net.HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(blob.Digest, new TestBlob(await response.Content.ReadAsByteArrayAsync()).Digest);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
