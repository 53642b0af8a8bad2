using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>Every way in which a node proves itself, in front of a real containerd, a real registry and a real front door.</summary>
public sealed class IdentityTests(Lab lab)
{
    private const string Legacy = "{ type: aws-iid, authenticator: legacy }";

    public static TheoryData<string, string> Kinds => new()
    {
        { "sts", "{ type: aws-sts, authenticator: nodes, serverId: docker.acme.example }" },
        { "profile", "{ type: aws-sts, authenticator: nodes, serverId: docker.acme.example, credentials: profile }" },
        { "iid", Legacy },
        { "gcp", "{ type: gcp, authenticator: gce, audience: docker.acme.example }" },
        { "azure", "{ type: azure, authenticator: azure }" },
        { "kubernetes", "{ type: kubernetes, authenticator: k8s, tokenFile: TOKEN }" },
        { "password", "{ type: password, username: bob, password: { file: PASSWORD } }" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_kind_of_identity_pulls_what_its_rule_grants_and_a_stranger_is_told_why_not(string kind, string identity)
    {
        using var folder = new TemporaryFolder();
        await using var door = kind is "sts" or "profile" ? await NodeDoor.StartOwn(lab) : await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage($"nodes/{kind}", "v1", TestImage.Build(320, 5000));
        await alice.PushImage($"secret/{kind}", "v1", TestImage.Build(321, 5000));
        folder.Write("token", door.ServiceAccountToken("puller"));
        folder.Write("password", FrontDoor.PasswordOf("bob") + "\n");
        var yaml = door.Agent(identity.Replace("TOKEN", folder.File("token")).Replace("PASSWORD", folder.File("password")),
            await ContainerdNode.Settings(lab, door));
        await using (var agent = await Agent.Start(yaml))
        {
            await agent.Images.Remove($"{door.Authority}/nodes/{kind}:v1");
            await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => agent.Images.Pull($"{door.Authority}/nodes/{kind}:v1")));
            Assert.InRange(door.Metadata.Proofs, 0, 1);
            Assert.Contains("403", await agent.Images.FailedPull($"{door.Authority}/secret/{kind}:v1"));
            Assert.DoesNotContain("rpr_", agent.Log);
        }

        Estrange(kind, door, folder);
        await using var stranger = await Agent.Start(yaml);
        var words = await stranger.Images.FailedPull($"{door.Authority}/nodes/{kind}:v1");
        Assert.StartsWith(
            $"failed to pull image \"{door.Authority}/nodes/{kind}:v1\": {door.Authority} refused the identity of this node: ", words);
        Assert.Contains(
            kind switch
            {
                "iid" or "sts" or "profile" => "account",
                "gcp" => "project",
                "azure" => "subscription",
                "kubernetes" => "audience",
                _ => "wrong user name or password",
            },
            words);
    }

    [Fact]
    public async Task The_nonce_of_an_instance_survives_a_restart_and_an_operator_can_free_it()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/nonce", "v1", TestImage.Build(322, 5000));
        await using var agent = await Agent.Start(door.Agent(Legacy, await ContainerdNode.Settings(lab, door)));
        await agent.Images.Pull($"{door.Authority}/nodes/nonce:v1");
        var file = Assert.Single(Nonces(agent));
        var nonce = await File.ReadAllTextAsync(file);
        Assert.Equal("600", (await Shell.Run("stat", ["-c", "%a", file])).Output.Trim());
        Assert.Equal("700", (await Shell.Run("stat", ["-c", "%a", agent.StateDir])).Output.Trim());

        await agent.Restart();
        await agent.Images.Pull($"{door.Authority}/nodes/nonce:v1");
        Assert.Equal(nonce, await File.ReadAllTextAsync(file));

        // The node lost its state: the instance is bound to a nonce that nobody knows any more.
        Directory.Delete(agent.StateDir, recursive: true);
        await agent.Restart();
        Assert.Contains("bound to another nonce; an operator can free it",
            await agent.Images.FailedPull($"{door.Authority}/nodes/nonce:v1"));
        Assert.Empty(Nonces(agent));
        using var admin = new HttpClient();
        using var reset = await admin.PostAsync(
            $"{door.Door.AdminUrl}/admin/attestations/reset",
            new StringContent("{\"tenant\":\"acme\",\"authenticator\":\"legacy\",\"instance\":\"" + door.Instance + "\"}",
                System.Text.Encoding.UTF8, "application/json"));
        Assert.True(reset.IsSuccessStatusCode, await reset.Content.ReadAsStringAsync());
        await Eventually.True(async () => await Pulls(agent, $"{door.Authority}/nodes/nonce:v1"), "the instance is bound anew");
    }

    [Fact]
    public async Task What_kubelet_sends_wins_for_the_host_of_the_door_and_goes_nowhere_else()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("secret/sent", "v1", TestImage.Build(323, 5000));
        await using var agent = await Agent.Start(door.Agent(Legacy, await ContainerdNode.Settings(lab, door)));
        var image = $"{door.Authority}/secret/sent:v1";
        var pair = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"alice:{FrontDoor.PasswordOf("alice")}"));

        await agent.Images.Pull(image, new AuthConfig { Username = "alice", Password = FrontDoor.PasswordOf("alice") });
        await agent.Images.Pull(image, new AuthConfig { Auth = pair });
        await agent.Images.Pull(image,
            new AuthConfig { Username = "alice", Password = FrontDoor.PasswordOf("alice"), ServerAddress = $"https://{door.Authority}" });
        Assert.Equal(0, door.Metadata.Proofs);
        Assert.Contains("403", await agent.Images.FailedPull(image,
            new AuthConfig { Username = "alice", Password = FrontDoor.PasswordOf("alice"), ServerAddress = "https://elsewhere.example" }));
        Assert.Contains("403", await agent.Images.FailedPull(image, new AuthConfig()));
        Assert.Equal(1, door.Metadata.Proofs);
    }

    /// <summary>The nonces that are kept, without the locks beside them.</summary>
    private static string[] Nonces(Agent agent) =>
        [.. Directory.GetFiles(agent.StateDir).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal))];

    private static async Task<bool> Pulls(Agent agent, string image)
    {
        try
        {
            await agent.Images.Pull(image);
            return true;
        }
        catch (Grpc.Core.RpcException)
        {
            return false;
        }
    }

    /// <summary>The machine is of somebody else now.</summary>
    private static void Estrange(string kind, NodeDoor door, TemporaryFolder folder)
    {
        door.Metadata.Account = "999999999999";
        if (kind is "sts" or "profile")
        {
            (door.Sts.Account, door.Sts.Arn) = ("999999999999", "arn:aws:sts::999999999999:assumed-role/node/i-0123456789abcdef0");
        }

        (door.Metadata.Project, door.Metadata.Subscription) = ("evil-prod", "00000000-0000-0000-0000-000000000000");
        folder.Write("token", door.ServiceAccountToken("puller", audience: "elsewhere"));
        folder.Write("password", "wrong");
    }
}
