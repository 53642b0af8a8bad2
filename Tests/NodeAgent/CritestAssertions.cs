using Grpc.Core;
using RegistryProxy.NodeAgent.Images.Wire;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>
/// What critest asserts of an image service (kubernetes-sigs/cri-tools, pkg/validate), against images of a real registry.
/// </summary>
public abstract class CritestAssertions(NodeFixture node, int seed)
{
    private string Registry => $"{node.Door.Authority}/public/{seed}";

    private string OtherRegistry => $"{node.Door.OtherAuthority}/public/{seed}";

    private protected KubeletImages Images => node.Images;

    [Fact]
    public async Task C01_public_image_with_tag_is_pulled_and_removed()
    {
        await Push("tag", 1, "test");
        await PulledAndRemoved($"{Registry}/tag:test", image => Assert.Equal([$"{Registry}/tag:test"], image.RepoTags));
    }

    [Fact]
    public async Task C02_a_pull_times_out_if_requested()
    {
        var request = new PullImageRequest { Image = new ImageSpec { Image = $"{Registry}/tag:never" } };
        var fault = await Assert.ThrowsAsync<RpcException>(
            async () => await Images.Client.PullImageAsync(request, deadline: DateTime.UtcNow.AddMilliseconds(1)));
        Assert.Equal(StatusCode.DeadlineExceeded, fault.StatusCode);
    }

    [Fact]
    public async Task C03_public_image_without_tag_is_pulled_and_removed()
    {
        await Push("latest", 3, "latest");
        await PulledAndRemoved($"{Registry}/latest", image => Assert.Equal([$"{Registry}/latest:latest"], image.RepoTags));
    }

    [Fact]
    public async Task C04_public_image_with_digest_is_pulled_and_removed()
    {
        var built = await Push("digest", 4, "test");
        var name = $"{Registry}/digest@{built.Manifest.Digest}";
        await PulledAndRemoved(name, image =>
        {
            Assert.Empty(image.RepoTags);
            Assert.Equal([name], image.RepoDigests);
        });
    }

    [Fact]
    public async Task C05_status_is_the_same_by_every_reference()
    {
        await Push("all", 5, "all");
        var id = await Images.Pull($"{Registry}/all:all");
        var byId = await Images.Status(id);
        Assert.NotNull(byId);
        Assert.All(byId.RepoTags.Concat(byId.RepoDigests), reference => Assert.Equal(byId, Images.Status(reference).Result));
        await Images.Remove($"{Registry}/all:all");
    }

    [Theory]
    [InlineData("user-uid", 6, "1002", 1002L, "")]
    [InlineData("user-username", 7, "www-data", null, "www-data")]
    [InlineData("user-uid-group", 8, "1003:users", 1003L, "")]
    [InlineData("user-username-group", 9, "www-data:100", null, "www-data")]
    public async Task C06_uid_or_username_is_not_empty(string name, int number, string user, long? uid, string username)
    {
        await Push(name, number, "v1", user);
        await Images.Pull($"{Registry}/{name}:v1");
        var image = (await Images.Status($"{Registry}/{name}:v1"))!;
        Assert.Equal(uid, image.Uid?.Value);
        Assert.Equal(username, image.Username);
        await Images.Remove($"{Registry}/{name}:v1");
    }

    [Fact]
    public async Task C07_three_images_are_listed_as_three()
    {
        for (var i = 1; i <= 3; i++)
        {
            await Push($"three-{i}", 10 + i, "latest");
            await Images.Pull($"{Registry}/three-{i}:latest");
        }

        var listed = (await Images.List()).Where(
            image => image.RepoTags.Any(tag => tag.StartsWith($"{Registry}/three-", StringComparison.Ordinal))).ToList();
        Assert.Equal(3, listed.Select(image => image.Id).Distinct().Count());
        Assert.All(listed, image => Assert.Single(image.RepoTags));
        foreach (var image in listed)
        {
            await Images.Remove(image.Id);
        }
    }

    [Fact]
    public async Task C08_three_tags_of_one_image_are_listed_with_it()
    {
        await PullTags("tags", 20);
        var image = Assert.Single(
            await Images.List(), image => image.RepoTags.Any(tag => tag.StartsWith($"{Registry}/tags:", StringComparison.Ordinal)));
        Assert.Equal([$"{Registry}/tags:1", $"{Registry}/tags:2", $"{Registry}/tags:3"], image.RepoTags.Order());
        await Images.Remove(image.Id);
    }

    [Fact]
    public async Task C09_removing_by_one_tag_removes_all()
    {
        await PullTags("away", 21);
        await Images.Remove($"{Registry}/away:2");
        Assert.Null(await Images.Status($"{Registry}/away:1"));
        Assert.Null(await Images.Status($"{Registry}/away:3"));
        Assert.DoesNotContain(await Images.List(),
            image => image.RepoTags.Any(tag => tag.StartsWith($"{Registry}/away:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task C10_removing_from_one_registry_removes_the_tags_of_others()
    {
        await Push("two", 22, "v1");
        await Images.Pull($"{Registry}/two:v1");
        await Images.Pull($"{OtherRegistry}/two:v1");
        await Images.Remove($"{Registry}/two:v1");
        Assert.Null(await Images.Status($"{OtherRegistry}/two:v1"));
        Assert.Null(await Images.Status($"{Registry}/two:v1"));
    }

    [Fact]
    public async Task C11_an_image_is_gone_right_after_its_removal()
    {
        await Push("gone", 23, "v1");
        for (var round = 0; round < 3; round++)
        {
            var id = await Images.Pull($"{Registry}/gone:v1");
            await Images.Remove(id);
            Assert.DoesNotContain(await Images.List(), image => image.Id == id);
            Assert.Null(await Images.Status(id));
        }
    }

    [Fact]
    public async Task C12_an_image_is_there_right_after_its_pull()
    {
        await Push("there", 24, "v1");
        var id = await Images.Pull($"{Registry}/there:v1");
        Assert.Contains(await Images.List(), image => image.Id == id);
        Assert.Equal(id, (await Images.Status($"{Registry}/there:v1"))!.Id);
        Assert.Equal(id, Assert.Single(await Images.List($"{Registry}/there:v1"), image => image.Id == id).Id);
        await Images.Remove(id);
    }

    [Fact]
    public async Task C13_simultaneous_removals_all_succeed()
    {
        await Push("many", 25, "v1");
        var id = await Images.Pull($"{Registry}/many:v1");
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Images.Remove(id)));
        Assert.Null(await Images.Status(id));
    }

    [Fact]
    public async Task C14_the_identifier_is_the_same_everywhere()
    {
        await Push("same", 26, "v1");
        var reference = await Images.Pull($"{Registry}/same:v1");
        Assert.Equal(reference, (await Images.Status($"{Registry}/same:v1"))!.Id);
        Assert.Equal(reference, (await Images.Status(reference))!.Id);
        Assert.Single(await Images.List(), image => image.Id == reference && image.RepoTags.Contains($"{Registry}/same:v1"));
        await Images.Remove(reference);
    }

    [Fact]
    public async Task C15_the_identifier_is_the_same_from_different_registries()
    {
        await Push("shared", 27, "v1");
        var one = await Images.Pull($"{Registry}/shared:v1");
        var other = await Images.Pull($"{OtherRegistry}/shared:v1");
        Assert.Equal(one, other);
        Assert.Equal(one, (await Images.Status($"{OtherRegistry}/shared:v1"))!.Id);
        await Images.Remove(one);
    }

    private async Task PulledAndRemoved(string name, Action<Image> check)
    {
        await Images.Pull(name);
        var image = await Images.Status(name);
        Assert.NotNull(image);
        check(image);
        await Images.Remove(name);
        Assert.Null(await Images.Status(name));
    }

    private async Task PullTags(string name, int number)
    {
        foreach (var tag in new[] { "1", "2", "3" })
        {
            await Push(name, number, tag);
            await Images.Pull($"{Registry}/{name}:{tag}");
        }
    }

    private async Task<TestImage> Push(string name, int number, string tag, string user = "")
    {
        var image = TestImage.BuildFor(user, seed + number, 1000);
        using var alice = node.Door.Door.Client("alice");
        await alice.PushImage($"public/{seed}/{name}", tag, image);
        return image;
    }
}

/// <summary>In front of Docker.</summary>
public sealed class DockerCritestTests(DockerNode node) : CritestAssertions(node, 4000), IClassFixture<DockerNode>;

/// <summary>In front of containerd.</summary>
public sealed class ContainerdCritestTests(ContainerdNode node) : CritestAssertions(node, 5000), IClassFixture<ContainerdNode>;

/// <summary>In front of Docker with the containerd store.</summary>
public sealed class ContainerdStoreCritestTests(ContainerdStoreNode node)
    : CritestAssertions(node, 6000), IClassFixture<ContainerdStoreNode>
{
    [Fact]
    public async Task The_disk_that_kubelet_watches_is_that_of_containerd() => Assert.EndsWith(
        NewerClients.Engine is null ? "/" : "/containerd/daemon",
        Assert.Single((await Images.FsInfo()).ImageFilesystems).FsId.Mountpoint, StringComparison.Ordinal);
}
