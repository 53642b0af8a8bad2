using System.Diagnostics;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Mixed pulls for a long time at most of the machine: nothing fails, and nothing grows.</summary>
[Collection(AloneCollection.Name)]
public sealed class CacheSoakTests
{
    private const int Clients = 8;
    private const int Blobs = 40;

    /// <summary>Of the time each client works; the rest it waits.</summary>
    private const double Share = 0.7;

    [Fact]
    public async Task Memory_descriptors_and_threads_stay_as_they_are()
    {
        var (warmup, length) = (TimeSpan.FromSeconds(Sizes.Of(10, 60)), TimeSpan.FromSeconds(Sizes.Of(30, 600)));
        var blobs = Enumerable.Range(0, Blobs).Select(i => TestBlob.Random(820 + i, 500_000)).ToArray();
        await using var upstream = await BlobUpstream.Start(blobs);

        // Room for half of them: there are always hits, downloads and evictions.
        await using var door = await FrontDoor.Start(CacheTests.Yaml(upstream.Url, maxBytes: $"{Blobs / 2 * 500_000}"));
        using var alice = door.Client("alice");
        await alice.Token(RegistryClient.Pull("a/b"));
        var pulls = 0;
        await Load(warmup);
        var (memory, descriptors, threads) = Measure();
        await Load(length);
        var (memoryAfter, descriptorsAfter, threadsAfter) = Measure();
        TestContext.Current.SendDiagnosticMessage(
            $"{pulls} pulls; {memory / 1_000_000} then {memoryAfter / 1_000_000} MB, {descriptors} then {descriptorsAfter} descriptors, {threads} then {threadsAfter} threads");
        Assert.True(memoryAfter < (memory * 1.25) + 20_000_000, $"{memory} bytes became {memoryAfter}");
        Assert.True(descriptorsAfter <= descriptors + 20, $"{descriptors} descriptors became {descriptorsAfter}");
        Assert.True(threadsAfter <= threads + 8, $"{threads} threads became {threadsAfter}");
        Assert.True(await door.Metric("registryproxy_cache_evicted") > 0);
        Assert.Equal(0, await door.Metric("registryproxy_cache_corrupt"));
        Assert.Equal(0, await door.Metric("registryproxy_cache_bypassed"));

        Task Load(TimeSpan time) => Task.WhenAll(Enumerable.Range(0, Clients).Select(i => Pull(new Random(821 + i), time)));

        async Task Pull(Random random, TimeSpan time)
        {
            for (var watch = Stopwatch.StartNew(); watch.Elapsed < time;)
            {
                var began = watch.Elapsed;
                var blob = blobs[random.Next(Blobs)];
                var from = random.Next(2) == 0 ? 0 : random.Next(blob.Bytes.Length);
                using var response = await alice.GetBlob("a/b", blob.Digest, from == 0 ? [] : [("Range", $"bytes={from}-")]);
                Assert.True(response.IsSuccessStatusCode);
                Assert.True((await response.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(blob.Bytes.AsSpan(from)), "other bytes");
                Interlocked.Increment(ref pulls);
                await Task.Delay((watch.Elapsed - began) * ((1 - Share) / Share));
            }
        }

        (long Memory, int Descriptors, long Threads) Measure() => (door.ResidentBytes(), ProcessMemory.Descriptors(door.Pid), ProcessMemory.Threads(door.Pid));
    }
}
