using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>
/// The main job: an image built on the spot, pushed by one user, pulled by a second who may, refused to a third who may not.
/// </summary>
public sealed class MainJobTests(Lab lab)
{
    [Fact]
    public async Task An_image_goes_through_the_door_to_whom_it_may()
    {
        var door = await lab.Door;
        var docker = await lab.Docker;
        using var alice = door.Client("alice");
        await alice.PushImage("team-a/main", "v1", TestImage.Build(1, 100_000));
        var image = $"{door.Authority}/team-a/main:v1";

        var bob = docker.NewClient();
        (await bob.Login(door.Authority, "bob", FrontDoor.PasswordOf("bob"))).ShouldSucceed();
        (await bob.Pull(image)).ShouldSucceed();

        var carol = docker.NewClient();
        (await carol.Login(door.Authority, "carol", FrontDoor.PasswordOf("carol"))).ShouldSucceed();
        (await carol.Pull(image)).ShouldFail("carol may not pull team-a/main");
    }
}
