using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>What the product is for on a node with Docker: a private image, no pull secret anywhere.</summary>
public sealed class DockerNodeTests(Lab lab)
{
    private const string Legacy = "{ type: aws-iid, authenticator: legacy }";

    [Fact]
    public async Task A_private_image_is_pulled_with_the_identity_of_the_node_and_no_secret_anywhere()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/seed", "v1", TestImage.Build(300, 10_000));
        await alice.PushImage("secret/seed", "v1", TestImage.Build(301, 10_000));
        await using var agent = await Agent.Start(door.Agent(Legacy, await DockerNode.Settings(lab)));

        var image = $"{door.Authority}/nodes/seed:v1";
        Assert.Null(await agent.Images.Status(image));
        var id = await agent.Images.Pull(image);
        Assert.Equal(id, (await agent.Images.Status(image))!.Id);
        Assert.Contains($"{door.Instance} may not pull secret/seed", await agent.Images.FailedPull($"{door.Authority}/secret/seed:v1"));
        await agent.Images.Remove(image);
        Assert.Null(await agent.Images.Status(image));
        Assert.DoesNotContain("rpr_", agent.Log);
    }
}
