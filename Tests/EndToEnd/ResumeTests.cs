using System.Text.RegularExpressions;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What real clients do with a part of an upload or a download: resume it, or mount what is there already.</summary>
public sealed partial class ResumeTests(Lab lab)
{
    private const int LayerBytes = 24_000_000;
    private const int CutAfter = 9_000_000;

    private static string Credentials => $"alice:{FrontDoor.PasswordOf("alice")}";

    [Fact]
    public async Task Docker_resumes_a_blob_whose_connection_broke()
    {
        await using var link = await Link("team-a/resumed-docker", 170);
        var docker = (await lab.Docker).NewClient();
        (await docker.Login(link.Authority, "alice", FrontDoor.PasswordOf("alice"))).ShouldSucceed();
        (await docker.Pull($"{link.Authority}/team-a/resumed-docker:v1")).ShouldSucceed();
        AssertResumed(link);
    }

    [Fact]
    public async Task Containerd_resumes_a_blob_whose_connection_broke()
    {
        await using var link = await Link("team-a/resumed-ctr", 171);
        (await (await lab.Containerd).Pull($"{link.Authority}/team-a/resumed-ctr:v1", Credentials)).ShouldSucceed();
        AssertResumed(link);
    }

    [Fact]
    public async Task Skopeo_1_9_reports_the_break_and_succeeds_when_it_is_run_again()
    {
        await using var link = await Link("team-a/resumed-skopeo", 172);
        using var folder = new TemporaryFolder();
        (await Skopeo.Pull($"{link.Authority}/team-a/resumed-skopeo:v1", folder.File("first"), Credentials)).ShouldFail("unexpected EOF");
        Assert.True(link.HasCut);
        (await Skopeo.Pull($"{link.Authority}/team-a/resumed-skopeo:v1", folder.File("second"), Credentials)).ShouldSucceed();
    }

    [Fact]
    public async Task Docker_mounts_layers_of_another_repository()
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        await alice.PushImage("team-a/mount-source", "v1", TestImage.Build(173, 50_000));
        var docker = (await lab.Docker).NewClient();
        (await docker.Login(door.Authority, "alice", FrontDoor.PasswordOf("alice"))).ShouldSucceed();
        (await docker.Pull($"{door.Authority}/team-a/mount-source:v1")).ShouldSucceed();
        (await docker.Run("tag", $"{door.Authority}/team-a/mount-source:v1", $"{door.Authority}/team-a/mount-target:v1")).ShouldSucceed();
        var pushed = await docker.Run("push", $"{door.Authority}/team-a/mount-target:v1");
        pushed.ShouldSucceed();
        Assert.Contains("Mounted from team-a/mount-source", pushed.Output);
    }

    [Fact]
    public async Task Containerd_mounts_layers_of_another_repository_and_pulls_by_digest()
    {
        var door = await lab.Door;
        await using var link = new CuttingProxy(door.DataUrl, long.MaxValue);
        using var alice = door.Client("alice");
        var image = TestImage.Build(174, 50_000);
        await alice.PushImage("team-a/ctr-source", "v1", image);
        var containerd = await lab.Containerd;
        (await containerd.Pull($"{link.Authority}/team-a/ctr-source@{image.Manifest.Digest}", Credentials)).ShouldSucceed();
        (await containerd.Push($"{link.Authority}/team-a/ctr-target:v1", $"{link.Authority}/team-a/ctr-source@{image.Manifest.Digest}",
            Credentials)).ShouldSucceed();
        Assert.Contains(link.Requests, request => request.Contains($"?mount={image.Layers[1].Digest}&from=team-a/ctr-source "));
        Assert.DoesNotContain(link.Requests,
            request => request.Split('\r')[0] is var line && line.StartsWith("PUT", StringComparison.Ordinal)
                && line.Contains(image.Layers[1].Digest.Hex));
        (await containerd.Pull($"{link.Authority}/team-a/ctr-target@{image.Manifest.Digest}", Credentials)).ShouldSucceed();
    }

    private async Task<CuttingProxy> Link(string repository, int seed)
    {
        var door = await lab.Door;
        using var alice = door.Client("alice");
        await alice.PushImage(repository, "v1", TestImage.Build(seed, LayerBytes));
        return new CuttingProxy(door.DataUrl, CutAfter);
    }

    private static void AssertResumed(CuttingProxy link)
    {
        Assert.True(link.HasCut);
        Assert.Contains(link.Requests, request => ResumedRange().IsMatch(request));
    }

    [GeneratedRegex(@"GET /v2/\S+/blobs/\S+ HTTP/1\.1\r\n[\s\S]*Range: bytes=[1-9]\d*-", RegexOptions.IgnoreCase)]
    private static partial Regex ResumedRange();
}
