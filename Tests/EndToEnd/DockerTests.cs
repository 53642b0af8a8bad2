using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What people do with Docker.</summary>
public sealed class DockerTests(Lab lab)
{
    [Fact]
    public async Task Public_images_are_pulled_without_a_login_and_private_ones_in_the_same_session_after_it()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        await alice.PushImage("public/mixed", "v1", TestImage.Build(10, 1000));
        await alice.PushImage("team-a/mixed", "v1", TestImage.Build(11, 1000));
        var docker = (await lab.Docker).NewClient();

        (await docker.Pull($"{door.Authority}/public/mixed:v1")).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/team-a/mixed:v1")).ShouldFail("denied");
        (await docker.Login(door.Authority, "bob", FrontDoor.PasswordOf("bob"))).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/team-a/mixed:v1")).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/public/mixed:v1")).ShouldSucceed();
    }

    [Fact]
    public async Task A_login_stores_an_identity_token_and_no_password()
    {
        var door = await lab.Door;
        var docker = (await lab.Docker).NewClient();
        (await docker.Login(door.Authority, "alice", FrontDoor.PasswordOf("alice"))).ShouldSucceed();
        var stored = await File.ReadAllTextAsync(docker.ConfigFile);
        Assert.Contains("identitytoken", stored);
        Assert.DoesNotContain(FrontDoor.PasswordOf("alice"), stored);
        Assert.DoesNotContain(Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"alice:{FrontDoor.PasswordOf("alice")}")), stored);
    }

    [Fact]
    public async Task A_wrong_password_is_refused_at_login()
    {
        var door = await lab.Door;
        (await (await lab.Docker).NewClient().Login(door.Authority, "alice", "wrong")).ShouldFail("wrong user name or password");
    }

    [Fact]
    public async Task A_push_needs_the_right_to_push_and_comes_back_by_digest()
    {
        var door = await lab.Door;
        using var client = door.Client("alice");
        await client.PushImage("team-a/source", "v1", TestImage.Build(12, 50_000));
        var docker = (await lab.Docker).NewClient();
        (await docker.Login(door.Authority, "alice", FrontDoor.PasswordOf("alice"))).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/team-a/source:v1")).ShouldSucceed();
        (await docker.Run("tag", $"{door.Authority}/team-a/source:v1", $"{door.Authority}/rewritten/copy:v1")).ShouldSucceed();
        var pushed = await docker.Run("push", $"{door.Authority}/rewritten/copy:v1");
        pushed.ShouldSucceed();
        var digest = pushed.Output[pushed.Output.IndexOf("sha256:", StringComparison.Ordinal)..][..71];
        (await docker.Pull($"{door.Authority}/rewritten/copy@{digest}")).ShouldSucceed();

        (await docker.Run("tag", $"{door.Authority}/team-a/source:v1", $"{door.Authority}/secret/copy:v1")).ShouldSucceed();
        (await docker.Run("push", $"{door.Authority}/secret/copy:v1")).ShouldFail("alice may not push secret/copy");
    }

    [Fact]
    public async Task An_upstream_with_a_password_serves_users_that_know_none_of_it()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        await alice.PushImage("basic/app", "v1", TestImage.Build(13, 1000));
        var docker = (await lab.Docker).NewClient();
        (await docker.Login(door.Authority, "bob", FrontDoor.PasswordOf("bob"))).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/basic/app:v1")).ShouldSucceed();
        Assert.DoesNotContain(DockerRegistry.Password, door.Log);
    }

    [Fact]
    public async Task A_robot_pulls_and_pushes_nothing_more_than_it_may_until_it_is_revoked()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        await alice.PushImage("team-a/robots", "v1", TestImage.Build(14, 1000));
        using var admin = new RobotAdmin(door.AdminUrl);
        var (image, secret) = ($"{door.Authority}/team-a/robots:v1", await admin.Create("ci", ["team-a/**"], ["pull"]));
        var engine = await lab.Docker;
        var (stored, plain) = (engine.NewClient(), engine.NewClient());
        (await stored.Login(door.Authority, "robot$ci", secret)).ShouldSucceed();
        var kept = await File.ReadAllTextAsync(stored.ConfigFile);
        Assert.Contains("identitytoken", kept);
        Assert.DoesNotContain(secret, kept);

        // As a Secret of type kubernetes.io/dockerconfigjson has it, and CI jobs that write the file themselves.
        var pair = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"robot$ci:{secret}"));
        await File.WriteAllTextAsync(plain.ConfigFile, $$"""{ "auths": { "{{door.Authority}}": { "auth": "{{pair}}" } } }""");
        foreach (var docker in new[] { stored, plain })
        {
            (await docker.Pull(image)).ShouldSucceed();
            (await docker.Run("tag", image, $"{door.Authority}/team-a/by-robot:v1")).ShouldSucceed();
            (await docker.Run("push", $"{door.Authority}/team-a/by-robot:v1")).ShouldFail("may not push team-a/by-robot");
        }

        await admin.Revoke("ci");
        foreach (var docker in new[] { stored, plain })
        {
            await Eventually.True(
                async () => (await docker.Pull(image)).ExitCode != 0, "a robot that is revoked pulls nothing", TimeSpan.FromSeconds(5));
        }

        (await stored.Login(door.Authority, "robot$ci", secret)).ShouldFail("unauthorized");
    }
}
