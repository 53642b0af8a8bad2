using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A layer of 300 MB, by every client and both ways.</summary>
public sealed class LargeLayerTests(Lab lab)
{
    [Fact]
    public async Task Three_hundred_megabytes_go_up_and_come_down()
    {
        var door = await lab.Door;
        var alice = $"alice:{FrontDoor.PasswordOf("alice")}";
        using var folder = new TemporaryFolder();
        TestImage.Build(150, 300_000_000).WriteLayout(folder.File("layout"));
        (await Skopeo.Push(folder.File("layout"), $"{door.Authority}/team-a/large:v1", alice)).ShouldSucceed();

        var docker = (await lab.Docker).NewClient();
        (await docker.Login(door.Authority, "alice", FrontDoor.PasswordOf("alice"))).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/team-a/large:v1")).ShouldSucceed();
        (await docker.Run("tag", $"{door.Authority}/team-a/large:v1", $"{door.Authority}/rewritten/large:v1")).ShouldSucceed();
        (await docker.Run("push", $"{door.Authority}/rewritten/large:v1")).ShouldSucceed();
        (await (await lab.Containerd).Pull($"{door.Authority}/rewritten/large:v1", alice)).ShouldSucceed();
    }
}
