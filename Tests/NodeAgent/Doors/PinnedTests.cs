using Docker.DotNet.Models;
using RegistryProxy.NodeAgent.Images.Docker;
using RegistryProxy.NodeAgent.Names;

namespace RegistryProxy.Tests.NodeAgent.Doors;

/// <summary>Images that kubelet's garbage collection must leave, by whichever name docker knows them.</summary>
public sealed class PinnedTests
{
    private const string Digest = "sha256:0123456789012345678901234567890123456789012345678901234567890123";

    [Theory]
    [InlineData("docker.io/rancher/mirrored-pause:*", "rancher/mirrored-pause:3.6", null, true)]
    [InlineData("rancher/mirrored-pause:*", "rancher/mirrored-pause:3.6", null, true)]
    [InlineData("docker.io/library/pause:3.9", "pause:3.9", null, true)]
    [InlineData("docker.io/library/pause:3.9", "pause:3.8", null, false)]
    [InlineData("registry.k8s.io/pause:*", null, "registry.k8s.io/pause@", true)]
    [InlineData("rancher/pause:*", null, "rancher/pause@", true)]
    [InlineData("registry.k8s.io/pause@*", null, "registry.k8s.io/pause@", true)]
    [InlineData("registry.k8s.io/pause:3.9", null, "registry.k8s.io/pause@", false)]
    [InlineData("registry.k8s.io/pause:*", "registry.k8s.io/pauses:1", "registry.k8s.io/pauses@", false)]
    public void A_pattern_means_the_whole_name_as_the_settings_of_kubelet_do(string pattern, string? tag, string? digest, bool isPinned)
    {
        var image = new DockerConversion(new NameMap([]), [pattern]).Convert(new ImagesListResponse
        {
            ID = Digest, RepoTags = tag is null ? [] : [tag], RepoDigests = digest is null ? [] : [digest + Digest],
        });
        Assert.Equal(isPinned, image.Pinned);
    }
}
