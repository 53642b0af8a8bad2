using Grpc.Core;
using Microsoft.AspNetCore.Http;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>
/// What the product is for, on a node with Docker; and what is particular to it: names that are rewritten, streams that fail half-way, two
/// kinds of store.
/// </summary>
public sealed class DockerBackendTests(Lab lab)
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

    [Fact]
    public async Task A_rewritten_name_is_pulled_through_the_door_and_keeps_its_name_after_a_restart()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        var (tagged, other) = (TestImage.Build(340, 5000), TestImage.Build(341, 5000));
        await alice.PushImage("nodes/api", "v1", tagged);
        await alice.PushImage("nodes/api", "v2", other);
        await using var agent = await Agent.Start(door.Agent(
            Legacy, await DockerNode.Settings(lab), $"rewrites: [{{ from: gcr.io/acme-project, to: \"{door.Authority}/nodes\" }}]"));
        var (asked, digest) = ("gcr.io/acme-project/api:v1", $"gcr.io/acme-project/api@{other.Manifest.Digest}");

        var id = await agent.Images.Pull(asked);
        var byDigest = await agent.Images.Pull(digest);
        Assert.NotEqual(id, byDigest);
        await agent.Restart();
        Assert.Equal(id, (await agent.Images.Status(asked))!.Id);
        Assert.Equal(byDigest, (await agent.Images.Status(digest))!.Id);
        var listed = await agent.Images.List();
        Assert.Contains(listed, image =>
            image.Id == id && image.RepoTags.Contains(asked)
                && image.RepoDigests.Contains($"gcr.io/acme-project/api@{tagged.Manifest.Digest}"));
        Assert.Contains(listed, image => image.Id == byDigest && image.RepoDigests.Contains(digest));
        (await (await lab.Docker).NewClient().Run("image", "inspect", asked)).ShouldSucceed();

        await agent.Images.Remove(asked);
        await agent.Images.Remove(digest);
        Assert.DoesNotContain(await agent.Images.List(), image => image.Id == id || image.Id == byDigest);
        (await (await lab.Docker).NewClient().Run("image", "inspect", $"{door.Authority}/nodes/api:v1")).ShouldFail("No such image");

        // What kubelet has for gcr.io is not for the door.
        Assert.StartsWith("sha256:", await agent.Images.Pull(asked, new AuthConfig { Username = "robot", Password = "gcr-canary" }));
        await agent.Images.Remove(asked);
    }

    [Fact]
    public async Task Of_a_tag_and_a_digest_the_digest_decides_and_a_name_without_tag_lists_all_of_its_tags()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        var built = TestImage.Build(346, 5000);
        await alice.PushImage("nodes/both", "v1", built);
        await alice.PushImage("nodes/both", "v2", TestImage.Build(347, 5000));
        await using var agent = await Agent.Start(door.Agent(Legacy, await DockerNode.Settings(lab)));
        var repository = $"{door.Authority}/nodes/both";
        var id = await agent.Images.Pull($"{repository}:v1@{built.Manifest.Digest}");
        Assert.Equal(id, (await agent.Images.Status($"{repository}:v1@{built.Manifest.Digest}"))!.Id);
        Assert.Equal(id, (await agent.Images.Status($"{repository}:other@{built.Manifest.Digest}"))!.Id);
        Assert.Equal(id, Assert.Single(await agent.Images.List($"{repository}:v1@{built.Manifest.Digest}")).Id);

        var (one, two) = (await agent.Images.Pull($"{repository}:v1"), await agent.Images.Pull($"{repository}:v2"));
        Assert.Equal(new[] { one, two }.Order(), (await agent.Images.List(repository)).Select(image => image.Id).Order());
        Assert.Equal(two, Assert.Single(await agent.Images.List($"{repository}:v2")).Id);
        Assert.Empty(await agent.Images.List($"{repository}-other"));
        await agent.Images.Remove($"{repository}:v1@{built.Manifest.Digest}");
        await agent.Images.Remove(two);
        Assert.Empty(await agent.Images.List(repository));
    }

    [Fact]
    public async Task An_image_that_a_container_uses_keeps_all_of_its_names()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("nodes/used", "v1", TestImage.Build(348, 5000));
        await alice.PushImage("nodes/used", "v2", TestImage.Build(348, 5000));
        await using var agent = await Agent.Start(door.Agent(Legacy, await DockerNode.Settings(lab)));
        var id = await agent.Images.Pull($"{door.Authority}/nodes/used:v1");
        await agent.Images.Pull($"{door.Authority}/nodes/used:v2");
        var before = await agent.Images.Status(id);
        var docker = (await lab.Docker).NewClient();
        var created = await docker.Run("create", id, "/none");
        created.ShouldSucceed();

        var fault = await Assert.ThrowsAsync<RpcException>(() => agent.Images.Remove($"{door.Authority}/nodes/used:v1"));
        Assert.Contains("is used by the container", fault.Status.Detail);
        Assert.Equal(before, await agent.Images.Status(id));
        (await docker.Run("rm", created.Output.Trim().Split('\n')[^1])).ShouldSucceed();
        await agent.Images.Remove($"{door.Authority}/nodes/used:v1");
        Assert.Null(await agent.Images.Status(id));
    }

    [Fact]
    public async Task A_pull_ends_when_kubelet_goes_away()
    {
        var (asked, gone) = (new TaskCompletionSource(), new TaskCompletionSource());
        var image = TestImage.Build(345, 5000);
        await using var slow = await RecordingUpstream.Start(context => context.Request.Path.Value!.Split('/')[^1] switch
        {
            var manifest when manifest == "v1" || manifest == image.Manifest.Digest.Value =>
                Serve(context, TestImage.OciManifest, image.Manifest),
            var blob when blob == image.Config.Digest.Value => Serve(context, "application/octet-stream", image.Config),
            "" => Task.CompletedTask,
            _ => Trickle(context),
        });
        await using var door = await NodeDoor.Start(lab);
        await using var agent = await Agent.Start(door.Agent(Legacy, await DockerNode.Settings(lab)));
        using var cancel = new CancellationTokenSource();
        var pull = agent.Images.Pull($"{new Uri(slow.Url).Authority}/slow/image:v1", null, cancel.Token);
        await asked.Task;
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<RpcException>(() => pull);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(60));

        // Docker looks whether anybody still wants the layer whenever a piece of it arrives.
        async Task Trickle(HttpContext context)
        {
            context.RequestAborted.Register(() => gone.TrySetResult());
            context.Response.ContentLength = 100_000_000;
            while (!gone.Task.IsCompleted)
            {
                await context.Response.Body.WriteAsync(new byte[1000], context.RequestAborted);
                asked.TrySetResult();
                await Task.Delay(20);
            }
        }

        static Task Serve(HttpContext context, string type, TestBlob blob)
        {
            context.Response.ContentType = type;
            context.Response.ContentLength = blob.Bytes.Length;
            context.Response.Headers["Docker-Content-Digest"] = blob.Digest.Value;
            return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.Body.WriteAsync(blob.Bytes).AsTask();
        }
    }

    [Fact]
    public async Task The_containerd_store_gets_a_credential_for_its_host_and_gives_the_identifier_it_chose()
    {
        await using var engine = await ContainerdStoreEngine.Start();
        await using var door = await NodeDoor.Start(lab);
        await using var agent = await Agent.Start(
            door.Agent(Legacy, $"{{ type: docker, endpoint: \"unix://{engine.Socket}\", pinned: [\"*/nodes/pause:*\"] }}"));
        engine.ErrorInStream = "failed to copy: httpReadSeeker: failed open: unexpected status code 403 Forbidden";
        Assert.Equal($"failed to pull image \"{door.Authority}/nodes/pause:v1\": {engine.ErrorInStream}",
            await agent.Images.FailedPull($"{door.Authority}/nodes/pause:v1"));

        engine.ErrorInStream = null;
        Assert.Equal(ContainerdStoreEngine.ManifestDigest, await agent.Images.Pull($"{door.Authority}/nodes/pause:v1"));
        Assert.Equal("_session", engine.User);
        Assert.Equal(ContainerdStoreEngine.ManifestDigest, (await agent.Images.Status($"{door.Authority}/nodes/pause:v1"))!.Id);
        Assert.True(Assert.Single(await agent.Images.List()).Pinned);

        // Lists count what is unpacked, an inspection does not, and a digest stands among the tags: kubelet gets one story.
        await agent.Images.Pull($"{door.Authority}/nodes/pause@{ContainerdStoreEngine.ManifestDigest}");
        var (status, listed) = ((await agent.Images.Status($"{door.Authority}/nodes/pause:v1"))!, Assert.Single(await agent.Images.List()));
        Assert.Equal(((ulong)ContainerdStoreEngine.ListedSize, listed.Size), (status.Size, status.Size));
        Assert.Equal((ulong)ContainerdStoreEngine.ListedSize,
            Assert.Single((await agent.Images.FsInfo()).ImageFilesystems).UsedBytes.Value);
        Assert.Equal([$"{door.Authority}/nodes/pause:v1"], listed.RepoTags);
        Assert.Equal([$"{door.Authority}/nodes/pause@{ContainerdStoreEngine.ManifestDigest}"], listed.RepoDigests);
        Assert.Null(await agent.Images.Status(ContainerdStoreEngine.ManifestDigest[..20]));
    }

    [Fact]
    public async Task Lists_streams_and_room_agree_and_a_verbose_status_tells_more()
    {
        await using var door = await NodeDoor.Start(lab);
        using var alice = door.Door.Client("alice");
        await alice.PushImage("public/room", "v1", TestImage.Build(344, 50_000));
        await using var agent = await Agent.Start(door.Agent(Legacy, await DockerNode.Settings(lab)));
        var id = await agent.Images.Pull($"{door.Authority}/public/room:v1");
        Assert.Contains(await agent.Images.Stream(), image => image.Id == id);
        var verbose = await agent.Images.Client.ImageStatusAsync(
            new ImageStatusRequest { Image = new ImageSpec { Image = id }, Verbose = true });
        using var info = System.Text.Json.JsonDocument.Parse(verbose.Info["info"]);
        Assert.Equal("344", info.RootElement.GetProperty("labels").GetProperty("seed").GetString());
        var filesystem = Assert.Single((await agent.Images.FsInfo()).ImageFilesystems);
        Assert.True(filesystem.Timestamp > 1_000_000_000_000_000_000 && filesystem.UsedBytes.Value > 50_000
            && filesystem.InodesUsed.Value > 0 && Directory.Exists(filesystem.FsId.Mountpoint));
        await agent.Images.Remove(id);
        Assert.Equal(0, await agent.Terminate());
        Assert.False(File.Exists(agent.Socket));
    }
}
