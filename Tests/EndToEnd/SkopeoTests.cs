using System.Net;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What containers/image does: skopeo, podman and buildah share it.</summary>
public sealed class SkopeoTests(Lab lab)
{
    private static string Credentials(string user) => $"{user}:{FrontDoor.PasswordOf(user)}";

    [Fact]
    public async Task It_pushes_pulls_and_deletes_with_the_right_credentials_alone()
    {
        var door = await lab.Door;
        using var folder = new TemporaryFolder();
        var image = TestImage.Build(30, 200_000);
        image.WriteLayout(folder.File("layout"));
        var name = $"{door.Authority}/team-a/skopeo:v1";

        (await Skopeo.Push(folder.File("layout"), name, Credentials("bob"))).ShouldFail("bob may not push");
        (await Skopeo.Push(folder.File("layout"), name, Credentials("alice"))).ShouldSucceed();
        (await Skopeo.Pull(name, folder.File("pulled"), Credentials("bob"))).ShouldSucceed();
        Assert.Equal(image.Manifest.Bytes, await File.ReadAllBytesAsync(Path.Combine(folder.File("pulled"), "manifest.json")));
        (await Skopeo.Pull(name, folder.File("wrong"), "bob:wrong")).ShouldFail("wrong user name or password");
        (await Skopeo.Pull(name, folder.File("carol"), Credentials("carol"))).ShouldFail("carol may not pull");
        (await Skopeo.Pull(name, folder.File("anonymous"))).ShouldFail("unauthorized");

        (await Skopeo.Delete(name, Credentials("bob"))).ShouldFail("bob may not delete");
        (await Skopeo.Delete(name, Credentials("alice"))).ShouldSucceed();
        using var alice = door.Client("alice");
        using var gone = await alice.GetManifest("team-a/skopeo", "v1");
        await gone.ShouldFail(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");
    }

    [Fact]
    public async Task A_robot_pushes_and_pulls_what_it_was_made_for()
    {
        var door = await lab.Door;
        using var folder = new TemporaryFolder();
        using var admin = new RobotAdmin(door.AdminUrl);
        var image = TestImage.Build(32, 1000);
        image.WriteLayout(folder.File("layout"));
        var secret = await admin.Create("skopeo", ["team-r/**"], ["pull", "push"]);
        var name = $"{door.Authority}/team-r/skopeo:v1";
        (await Skopeo.Push(folder.File("layout"), name, $"robot$skopeo:{secret}")).ShouldSucceed();
        (await Skopeo.Pull(name, folder.File("pulled"), $"robot$skopeo:{secret}")).ShouldSucceed();
        (await Skopeo.Delete(name, $"robot$skopeo:{secret}")).ShouldFail("robot$skopeo may not delete");
        (await Skopeo.Pull($"{door.Authority}/team-a/x:v1", folder.File("other"), $"robot$skopeo:{secret}")).ShouldFail("may not pull");
        await admin.Revoke("skopeo");
        (await Skopeo.Pull(name, folder.File("late"), $"robot$skopeo:{secret}")).ShouldFail("wrong user name or password");
    }

    [Fact]
    public async Task Public_images_need_no_login()
    {
        var door = await lab.Door;
        using var folder = new TemporaryFolder();
        using var alice = door.Client("alice");
        await alice.PushImage("public/skopeo", "v1", TestImage.Build(31, 1000));
        (await Skopeo.Pull($"{door.Authority}/public/skopeo:v1", folder.File("pulled"))).ShouldSucceed();
    }
}
