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
    public async Task Public_images_need_no_login()
    {
        var door = await lab.Door;
        using var folder = new TemporaryFolder();
        using var alice = door.Client("alice");
        await alice.PushImage("public/skopeo", "v1", TestImage.Build(31, 1000));
        (await Skopeo.Pull($"{door.Authority}/public/skopeo:v1", folder.File("pulled"))).ShouldSucceed();
    }
}
