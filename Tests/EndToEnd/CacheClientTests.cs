using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Docker, skopeo and containerd pull through the cache: cold over a line that breaks, and warm when there is no upstream any more.
/// </summary>
public sealed class CacheClientTests(Lab lab)
{
    private const int LayerBytes = 12_000_000;
    private const int CutAfter = 5_000_000;

    private static string Credentials => $"alice:{FrontDoor.PasswordOf("alice")}";

    [Fact]
    public async Task Docker_pulls_the_same_bytes_cold_cut_and_warm()
    {
        await using var chain = await Chain.Start(790, LayerBytes);
        var docker = (await lab.Docker).NewClient();
        (await docker.Login(chain.Door.Authority, "alice", FrontDoor.PasswordOf("alice"))).ShouldSucceed();
        await chain.ColdAndWarm(async () =>
        {
            (await docker.Pull(chain.Image)).ShouldSucceed();
            var inspected = await docker.Run("image", "inspect", "--format", "{{index .RepoDigests 0}} {{.Id}}", chain.Image);
            Assert.Contains(chain.Content.Manifest.Digest.Value, inspected.Output);
            Assert.Contains(chain.Content.Config.Digest.Value, inspected.Output);
        });
    }

    [Fact]
    public async Task Skopeo_pulls_the_same_bytes_cold_cut_and_warm()
    {
        await using var chain = await Chain.Start(791, LayerBytes);
        await chain.ColdAndWarm(async () =>
        {
            using var folder = new TemporaryFolder();
            (await Skopeo.Pull(chain.Image, folder.File("image"), Credentials)).ShouldSucceed();
            Assert.Equal(chain.Content.Manifest.Bytes, await File.ReadAllBytesAsync(Path.Combine(folder.File("image"), "manifest.json")));
            foreach (var blob in chain.Content.Blobs)
            {
                Assert.Equal(blob.Digest,
                    new TestBlob(await File.ReadAllBytesAsync(Path.Combine(folder.File("image"), blob.Digest.Hex))).Digest);
            }
        });
    }

    [Fact]
    public async Task Containerd_pulls_the_same_bytes_cold_cut_and_warm()
    {
        await using var chain = await Chain.Start(792, LayerBytes);
        var containerd = await lab.Containerd;
        await chain.ColdAndWarm(async () =>
        {
            (await containerd.Pull(chain.Image, Credentials)).ShouldSucceed();
            foreach (var blob in chain.Content.Blobs.Append(chain.Content.Manifest))
            {
                var info = await containerd.Ctr("content", "ls");
                Assert.Contains(blob.Digest.Value, info.Output);
            }
        });
    }

    /// <summary>A door with a cache, a line that breaks once, and a registry.</summary>
    private sealed class Chain : IAsyncDisposable
    {
        private readonly DockerRegistry _registry;
        private readonly CuttingProxy _line;

        private Chain(DockerRegistry registry, CuttingProxy line, FrontDoor door, TestImage content) =>
            (_registry, _line, Door, Content) = (registry, line, door, content);

        public FrontDoor Door { get; }

        public TestImage Content { get; }

        public string Image => $"{Door.Authority}/team/app:v1";

        public static async Task<Chain> Start(int seed, int layerBytes)
        {
            var registry = await DockerRegistry.Start();
            var content = TestImage.Build(seed, layerBytes, layerBytes / 3);
            await using (var filling = await FrontDoor.Start(DoorConfiguration.Single(registry.Url)))
            {
                using var alice = filling.Client("alice");
                await alice.PushImage("team/app", "v1", content);
            }

            var line = new CuttingProxy(registry.Url, CutAfter);
            return new Chain(registry, line, await FrontDoor.Start(CacheTests.Yaml(line.Url, "1h")), content);
        }

        public async Task ColdAndWarm(Func<Task> pull)
        {
            await pull();
            Assert.True(_line.HasCut);
            Assert.True(await Door.Metric("registryproxy_gateway_resumed") > 0);
            _registry.Kill();
            await pull();
        }

        public async ValueTask DisposeAsync()
        {
            await Door.DisposeAsync();
            await _line.DisposeAsync();
            await _registry.DisposeAsync();
        }
    }
}
