using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// Pulls and pushes over a slow link that outlive their tokens: three lifetimes of the shortest one that may be configured.
/// </summary>
[Waits(115)]
public sealed class LongTransferTests(Lab lab)
{
    private const int Lifetime = 60;
    private const int Layers = 8;

    /// <summary>Long enough that the last layers start after the token has expired; the full run lasts three lifetimes.</summary>
    private static int Seconds => Sizes.Of(Lifetime + 30, 3 * Lifetime);

    private static int LayerBytes => Rate * Seconds / Layers;

    private const int Rate = 400_000;

    [Fact]
    public async Task Docker_containerd_and_skopeo_finish_what_they_began()
    {
        var registry = await lab.Registry;
        await using var door = await FrontDoor.Start(
            DoorConfiguration.Single(registry.Url, extra: "tokens: { accessLifetime: 60s, keyRotation: 2m }"));
        await Task.WhenAll(Docker(door), Containerd(door), Skopeo_(door));
    }

    private async Task Docker(FrontDoor door)
    {
        await using var link = new ThrottledProxy(door.DataUrl, Rate * 3);
        await Seed(door, "long/docker", 130);
        var docker = (await lab.Docker).NewClient();
        (await docker.Login(link.Authority, "alice", FrontDoor.PasswordOf("alice"))).ShouldSucceed();
        (await docker.Pull($"{link.Authority}/long/docker:v1")).ShouldSucceed();
        (await docker.Run("tag", $"{link.Authority}/long/docker:v1", $"{link.Authority}/long/docker-pushed:v1")).ShouldSucceed();
        (await docker.Run("push", $"{link.Authority}/long/docker-pushed:v1")).ShouldSucceed();
    }

    private async Task Containerd(FrontDoor door)
    {
        await using var link = new ThrottledProxy(door.DataUrl, Rate);
        await Seed(door, "long/containerd", 131);
        var containerd = await lab.Containerd;
        var credentials = $"alice:{FrontDoor.PasswordOf("alice")}";
        (await containerd.Pull($"{link.Authority}/long/containerd:v1", credentials)).ShouldSucceed();
        (await containerd.Push($"{link.Authority}/long/containerd-pushed:v1", $"{link.Authority}/long/containerd:v1",
            credentials)).ShouldSucceed();
    }

    private static async Task Skopeo_(FrontDoor door)
    {
        await using var link = new ThrottledProxy(door.DataUrl, Rate);
        using var folder = new TemporaryFolder();
        await Seed(door, "long/skopeo", 132);
        var credentials = $"alice:{FrontDoor.PasswordOf("alice")}";
        (await Skopeo.Pull($"{link.Authority}/long/skopeo:v1", folder.File("pulled"), credentials)).ShouldSucceed();
    }

    private static async Task Seed(FrontDoor door, string repository, int seed)
    {
        using var alice = door.Client("alice");
        await alice.PushImage(repository, "v1", TestImage.Build(seed, [.. Enumerable.Repeat(LayerBytes, Layers)]));
    }
}
