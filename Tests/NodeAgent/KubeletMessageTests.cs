using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>What <c>kubectl describe pod</c> shows of every failure, with either runtime.</summary>
public sealed class KubeletMessageTests(Lab lab)
{
    private const string Legacy = "{ type: aws-iid, authenticator: legacy }";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_a_front_door_that_is_down_and_images_that_are_here_are_unaffected(bool docker)
    {
        await using var door = await NodeDoor.StartOwn(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/down", "v1", TestImage.Build(330, 5000));
        await using var agent = await Agent.Start(door.Agent(Legacy, await Runtime(docker, door)));
        var image = $"{door.Authority}/nodes/down:v1";
        var id = await agent.Images.Pull(image);
        await door.Door.Terminate();
        await agent.Restart();

        var words = await agent.Images.FailedPull($"{door.Authority}/nodes/other:v1");
        Assert.Equal(
            $"RegistryUnavailable: failed to pull image \"{door.Authority}/nodes/other:v1\": no session " +
            $"at {door.Authority}: the front door {door.Door.DataUrl.TrimEnd('/')} does not answer: Connection refused",
            words);
        Assert.Equal(id, (await agent.Images.Status(image))!.Id);
        Assert.Contains(await agent.Images.List(), known => known.Id == id);
        Assert.NotEmpty((await agent.Images.FsInfo()).ImageFilesystems);

        // Images of others are pulled as ever.
        await PullFromElsewhere(agent, docker);
        await agent.Images.Remove(image);
    }

    [Theory]
    [InlineData(true, "the Docker Engine")]
    [InlineData(false, "the image service")]
    public async Task Of_a_runtime_that_is_down_and_it_heals_when_the_runtime_comes(bool docker, string who)
    {
        using var folder = new TemporaryFolder();
        await using var door = await NodeDoor.Start(lab);
        var (socket, real) = (folder.File("runtime.sock"), docker ? (await lab.Docker).SocketPath : (await lab.Containerd).Socket);
        await using var agent = await Agent.Start(
            door.Agent(Legacy, $"{{ type: {(docker ? "docker" : "cri")}, endpoint: \"unix://{socket}\" }}"));
        var words = await agent.Images.FailedPull("127.0.0.1:1/x:v1");
        Assert.StartsWith($"rpc error: code = Unavailable desc = {who} at unix://{socket} does not answer: ", words);

        // kubelet probes while the runtime is still coming up: it waits a moment instead of failing.
        var probe = agent.Images.FsInfo();
        File.CreateSymbolicLink(socket, real);
        Assert.NotEmpty((await probe).ImageFilesystems);
    }

    [Theory]
    [InlineData(true, "denied: INSTANCE may not pull secret/words")]
    [InlineData(false, "403 Forbidden")]
    public async Task Of_a_node_that_may_not_and_of_an_image_that_is_not_there(bool docker, string denied)
    {
        await using var door = await NodeDoor.Start(lab);
        await using var agent = await Agent.Start(door.Agent(Legacy, await Runtime(docker, door)));
        var words = await agent.Images.FailedPull($"{door.Authority}/secret/words:v1");
        Assert.StartsWith($"failed to pull image \"{door.Authority}/secret/words:v1\"",
            words.Replace("failed to pull and unpack image", "failed to pull image"));
        Assert.Contains(denied.Replace("INSTANCE", door.Instance), words);
        var missing = await agent.Images.FailedPull($"{door.Authority}/nodes/nowhere:v1");
        Assert.Contains(docker ? "manifest unknown" : "not found", missing);
        Assert.DoesNotContain("RegistryUnavailable", missing);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_an_expired_document(bool docker)
    {
        await using var door = await NodeDoor.Start(lab);
        door.Metadata.Started = DateTimeOffset.UtcNow.AddDays(-31);
        await using var agent = await Agent.Start(door.Agent(Legacy, await Runtime(docker, door)));
        var words = await agent.Images.FailedPull($"{door.Authority}/nodes/x:v1");
        Assert.StartsWith(
            $"failed to pull image \"{door.Authority}/nodes/x:v1\": {door.Authority} refused the identity of this node: the document is " +
            $"older than maxAge: its pendingTime is {door.Metadata.Started:yyyy-MM-dd}",
            words);
        Assert.EndsWith("; stop and start the instance to get a new one", words);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_an_instance_of_another_account(bool docker)
    {
        await using var door = await NodeDoor.Start(lab);
        door.Metadata.Account = "999999999999";
        await using var agent = await Agent.Start(door.Agent(Legacy, await Runtime(docker, door)));
        Assert.Equal(
            $"failed to pull image \"{door.Authority}/nodes/x:v1\": {door.Authority} refused the identity of this node: the account or " +
            $"region of this instance is not one of 'legacy'",
            await agent.Images.FailedPull($"{door.Authority}/nodes/x:v1"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_a_disk_that_is_full_and_what_is_there_is_told_as_before(bool docker)
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/small", "v1", TestImage.Build(332, 5000));
        await alice.PushImage("nodes/large", "v1", TestImage.Build(333, 40_000_000));
        await using var node = await SmallNode.Start(docker, door);
        await using var agent = await Agent.Start(door.Agent(Legacy, node.Runtime));
        var id = await agent.Images.Pull($"{door.Authority}/nodes/small:v1");

        var words = await agent.Images.FailedPull($"{door.Authority}/nodes/large:v1");
        Assert.StartsWith($"failed to pull {(docker ? "" : "and unpack ")}image \"{door.Authority}/nodes/large:v1\": ", words);
        Assert.EndsWith("no space left on device", words);
        Assert.Equal(id, (await agent.Images.Status($"{door.Authority}/nodes/small:v1"))!.Id);
        Assert.StartsWith(node.Disk, (await agent.Images.FsInfo()).ImageFilesystems[0].FsId.Mountpoint);
        await agent.Images.Remove(id);
    }

    [Fact]
    public async Task Of_a_machine_without_metadata_and_of_a_token_that_is_not_there()
    {
        await using var door = await NodeDoor.Start(lab);
        var runtime = await Runtime(true, door);
        await using var nowhere = await Agent.Start(door.Agent(Legacy, runtime).Replace(door.Metadata.Url, "http://127.0.0.1:1"));
        Assert.Contains("no session at", await nowhere.Images.FailedPull($"{door.Authority}/nodes/x:v1"));
        Assert.Contains("the metadata service of AWS at 127.0.0.1:1 does not answer",
            await nowhere.Images.FailedPull($"{door.Authority}/nodes/x:v1"));
        await using var tokenless =
            await Agent.Start(door.Agent("{ type: kubernetes, authenticator: k8s, tokenFile: /nonexistent }", runtime));
        Assert.Contains(
            $"this node cannot prove its identity to {door.Authority}: the token file /nonexistent is empty or cannot be read",
            await tokenless.Images.FailedPull($"{door.Authority}/nodes/x:v1"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_a_registry_that_fails(bool docker)
    {
        await using var door = await NodeDoor.Start(lab);
        await using var broken = await RecordingUpstream.Start(context =>
        {
            context.Response.StatusCode = 502;
            return Task.CompletedTask;
        });
        var host = new Uri(broken.Url).Authority;
        if (!docker)
        {
            (await lab.Containerd).WriteHosts(host, $"[host.\"http://{host}\"]\n");
        }

        await using var agent = await Agent.Start(door.Agent(Legacy, await Runtime(docker, door)));
        var words = await agent.Images.FailedPull($"{host}/any/thing:v1");
        Assert.Contains("502 Bad Gateway", words);
        Assert.StartsWith($"RegistryUnavailable: failed to pull {(docker ? "" : "and unpack ")}image \"{host}/any/thing:v1\": ", words);
    }

    private async Task<string> Runtime(bool docker, NodeDoor door) =>
        docker ? await DockerNode.Settings(lab) : await ContainerdNode.Settings(lab, door);

    private async Task PullFromElsewhere(Agent agent, bool docker)
    {
        var elsewhere = new Uri((await lab.Door).DataUrl).Authority;
        if (!docker)
        {
            (await lab.Containerd).WriteHosts(elsewhere, $"[host.\"http://{elsewhere}\"]\n");
        }

        using var alice = (await lab.Door).Client("alice");
        await alice.PushImage("public/elsewhere", "v1", TestImage.Build(331, 5000));
        await agent.Images.Pull($"{elsewhere}/public/elsewhere:v1");
        await agent.Images.Remove($"{elsewhere}/public/elsewhere:v1");
    }
}
