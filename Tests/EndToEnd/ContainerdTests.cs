using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What containerd 1.6 does, by <c>ctr</c> and by its CRI.</summary>
public sealed class ContainerdTests(Lab lab)
{
    private static string Credentials(string user) => $"{user}:{FrontDoor.PasswordOf(user)}";

    [Fact]
    public async Task It_pulls_what_it_may_and_is_refused_the_rest()
    {
        var door = await lab.Door;
        var containerd = await lab.Containerd;
        using var alice = door.Client("alice");
        await alice.PushImage("public/ctr", "v1", TestImage.Build(20, 1000));
        await alice.PushImage("team-a/ctr", "v1", TestImage.Build(21, 1000));

        (await containerd.Pull($"{door.Authority}/public/ctr:v1")).ShouldSucceed();
        (await containerd.Pull($"{door.Authority}/team-a/ctr:v1", Credentials("bob"))).ShouldSucceed();
        (await containerd.Pull($"{door.Authority}/team-a/ctr:v1", Credentials("carol"))).ShouldFail("403");
        (await containerd.Pull($"{door.Authority}/team-a/ctr:v1", "bob:wrong")).ShouldFail("401");
        (await containerd.Pull($"{door.Authority}/team-a/ctr:v1")).ShouldFail("authorization failed");
    }

    [Fact]
    public async Task It_pushes()
    {
        var door = await lab.Door;
        var containerd = await lab.Containerd;
        using var alice = door.Client("alice");
        await alice.PushImage("team-a/push-source", "v1", TestImage.Build(22, 1000));
        (await containerd.Pull($"{door.Authority}/team-a/push-source:v1", Credentials("alice"))).ShouldSucceed();
        (await containerd.Push($"{door.Authority}/rewritten/pushed:v1", $"{door.Authority}/team-a/push-source:v1",
            Credentials("alice"))).ShouldSucceed();
        using var back = await alice.GetManifest("rewritten/pushed", "v1");
        await back.ShouldBe(System.Net.HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_cri_pulls_with_and_without_credentials_and_through_a_mirror()
    {
        var door = await lab.Door;
        var containerd = await lab.Containerd;
        using var alice = door.Client("alice");
        await alice.PushImage("public/cri", "v1", TestImage.Build(23, 1000));
        await alice.PushImage("team-a/cri", "v1", TestImage.Build(24, 1000));
        await alice.PushImage("rewritten/public/mirrored", "v1", TestImage.Build(25, 1000));
        containerd.WriteHosts(door.Authority, $"[host.\"{door.DataUrl}\"]\n");
        containerd.WriteHosts("mirror.example",
            $"server = \"{door.DataUrl}\"\n[host.\"{door.DataUrl}\"]\ncapabilities = [\"pull\", \"resolve\"]\n");
        using var cri = new KubeletImages(containerd.Socket);

        await Pull($"{door.Authority}/public/cri:v1");
        await Pull($"{door.Authority}/team-a/cri:v1", "bob");
        await Pull("mirror.example/deep/inside/public/mirrored:v1");
        await cri.Remove($"{door.Authority}/team-a/cri:v1");
        Assert.Contains("403", await cri.FailedPull($"{door.Authority}/team-a/cri:v1", Of("carol")));

        async Task Pull(string image, string? user = null)
        {
            await cri.Remove(image);
            await cri.Pull(image, user is null ? null : Of(user));
        }

        static AuthConfig Of(string user) => new() { Username = user, Password = FrontDoor.PasswordOf(user) };
    }

    [Fact]
    public async Task The_secret_of_a_pod_that_names_a_robot_is_good_until_it_is_revoked()
    {
        var door = await lab.Door;
        var containerd = await lab.Containerd;
        using var alice = door.Client("alice");
        await alice.PushImage("team-a/pod", "v1", TestImage.Build(26, 1000));
        containerd.WriteHosts(door.Authority, $"[host.\"{door.DataUrl}\"]\n");
        using var admin = new RobotAdmin(door.AdminUrl);
        var (image, secret) = ($"{door.Authority}/team-a/pod:v1", await admin.Create("pods", ["team-a/**"], ["pull"]));
        using var cri = new KubeletImages(containerd.Socket);

        // What kubelet takes out of a dockerconfigjson, which may have user and password or both in one.
        var pair = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"robot$pods:{secret}"));
        AuthConfig[] ways = [new() { Username = "robot$pods", Password = secret }, new() { Auth = pair }];
        foreach (var way in ways)
        {
            await cri.Remove(image);
            await cri.Pull(image, way);
        }

        // The form that containerd posts.
        using var client = door.Client();
        using var posted = await client.PostToken(
            ("grant_type", "password"), ("service", "127.0.0.1"), ("client_id", "containerd-client"), ("username", "robot$pods"),
            ("password", secret), ("scope", "repository:team-a/pod:pull"));
        await posted.ShouldBe(System.Net.HttpStatusCode.OK);
        await admin.Revoke("pods");
        foreach (var way in ways)
        {
            await Eventually.True(
                async () =>
                {
                    await cri.Remove(image);
                    return await Record.ExceptionAsync(() => cri.Pull(image, way)) is Grpc.Core.RpcException refused
                        && refused.Status.Detail.Contains("401");
                },
                "a robot that is revoked pulls nothing", TimeSpan.FromSeconds(5));
        }
    }
}
