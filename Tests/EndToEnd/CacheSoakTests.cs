using System.Diagnostics;
using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>Mixed pulls and some pushes for a long time with the machine at 70 %: nothing fails, and nothing grows.</summary>
[Collection(AloneCollection.Name)]
public sealed class CacheSoakTests
{
    private const int Clients = 8;
    private const double Share = 0.7;

    private static readonly TestImage[] Images = [.. Enumerable.Range(0, 16).Select(i => TestImage.Build(820 + i, 400_000))];

    [Fact]
    public async Task Memory_descriptors_and_threads_stay_as_they_are()
    {
        var (warmup, length) = (TimeSpan.FromSeconds(Sizes.Of(5, 60)), TimeSpan.FromSeconds(Sizes.Of(20, 600)));
        await using var registry = await DockerRegistry.Start();

        // Room for half of them: there are always hits, downloads and evictions.
        var room = Images.Sum(image => image.Blobs.Sum(blob => blob.Bytes.Length)) / 2;
        await using var door = await FrontDoor.Start(CacheTests.Yaml(registry.Url, tagTtl: "1s", maxBytes: $"{room}"));
        using var alice = door.Client("alice");
        for (var i = 0; i < Images.Length; i++)
        {
            await alice.PushImage("a/b", $"v{i}", Images[i]);
        }

        var (pulls, held) = (0, 0.0);
        await Load(warmup);
        var (memory, descriptors, threads) = Measure();
        await Load(length);
        var (memoryAfter, descriptorsAfter, threadsAfter) = Measure();
        TestContext.Current.SendDiagnosticMessage(
            $"{pulls} pulls with the machine at {held:P0}; {memory / 1_000_000} then {memoryAfter / 1_000_000} " +
            $"MB, {descriptors} then {descriptorsAfter} descriptors, {threads} then {threadsAfter} threads");
        Assert.True(memoryAfter < (memory * 1.25) + 20_000_000, $"{memory} bytes became {memoryAfter}");
        Assert.True(descriptorsAfter <= descriptors + 20, $"{descriptors} descriptors became {descriptorsAfter}");
        Assert.True(threadsAfter <= threads + 8, $"{threads} threads became {threadsAfter}");
        Assert.True(held > Share - 0.15, $"the machine was held at {held:P0}");
        Assert.True(await door.Metric("registryproxy_cache_evicted") > 0);
        Assert.Equal(0, await door.Metric("registryproxy_cache_corrupt"));
        Assert.Equal(0, await door.Metric("registryproxy_cache_bypassed"));

        async Task Load(TimeSpan time)
        {
            await using var governor = MachineGovernor.Start(Share);
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Pull(client, time, governor)));
            held = governor.Held;
        }

        async Task Pull(int client, TimeSpan time, MachineGovernor governor)
        {
            var random = new Random(821 + client);
            for (var watch = Stopwatch.StartNew(); watch.Elapsed < time;)
            {
                await Once(alice, client, random);
                Interlocked.Increment(ref pulls);
                await governor.Pause();
            }
        }

        (long Memory, int Descriptors, long Threads) Measure() =>
            (door.ResidentBytes(), ProcessMemory.Descriptors(door.Pid), ProcessMemory.Threads(door.Pid));
    }

    /// <summary>
    /// A blob or a part of one, a manifest by tag or digest, or now and then a push of a tag. Tags are of one client each: the registry
    /// answers 500 about one that is just written.
    /// </summary>
    private static async Task Once(RegistryClient alice, int client, Random random)
    {
        var own = (client * Images.Length / Clients) + random.Next(Images.Length / Clients);
        var image = Images[random.Next(Images.Length)];
        switch (random.Next(200))
        {
            case 0:
                using (var put = await alice.PutManifest("a/b", $"v{own}", Images[own].Manifest))
                {
                    Assert.Equal(HttpStatusCode.Created, put.StatusCode);
                }

                break;
            case < 80:
                var byTag = random.Next(2) == 0;
                using (var manifest = await alice.GetManifest("a/b", byTag ? $"v{own}" : image.Manifest.Digest.Value))
                {
                    Assert.True(manifest.IsSuccessStatusCode, $"{(int)manifest.StatusCode}: {await manifest.Content.ReadAsStringAsync()}");
                    Assert.Equal((byTag ? Images[own] : image).Manifest.Bytes, await manifest.Content.ReadAsByteArrayAsync());
                }

                break;
            default:
                var blob = image.Blobs.ElementAt(random.Next(image.Blobs.Count()));
                var from = random.Next(2) == 0 ? 0 : random.Next(blob.Bytes.Length);
                using (var response = await alice.GetBlob("a/b", blob.Digest, from == 0 ? [] : [("Range", $"bytes={from}-")]))
                {
                    Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode}");
                    Assert.True((await response.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(blob.Bytes.AsSpan(from)),
                        "other bytes");
                }

                break;
        }
    }
}
