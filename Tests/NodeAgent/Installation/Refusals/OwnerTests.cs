using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Refusals;

/// <summary>A program that root runs lies where root alone can replace it, and a user's home makes no platform.</summary>
public sealed class OwnerTests
{
    private const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    [Theory]
    [InlineData("kubeadm", "/home/kubernetes/.bashrc", "kubeadm")]
    [InlineData("aks", "/home/kubernetes/.bashrc", "aks")]
    [InlineData("bottlerocket", "/home/kubernetes/bin/kubelet", null)]
    [InlineData("kubeadm", "/home/kubernetes/bin/kubelet", "gke")]
    [InlineData("kubeadm", "/etc/srv/kubernetes/pki", "gke")]
    public void A_home_is_no_platform(string root, string file, string? platform)
    {
        using var node = FakeNode.Of(root);
        node.Write(file, "");
        if (platform is null)
        {
            Assert.Throws<InstallRefusal>(() => Platform.Of(null, node.Host()));
            return;
        }

        Assert.Equal(platform, Platform.Of(null, node.Host()).Name);
    }

    [Theory]
    [InlineData("NAME=x\nID=cos\n", "gke")]
    [InlineData("ID=\"cos\"\r\n", "gke")]
    [InlineData("ID=ubuntu\nID_LIKE=cos\n", "kubeadm")]
    public void Googles_system_says_what_it_is(string release, string platform)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write("/etc/os-release", release);
        Assert.Equal(platform, Platform.Of(null, node.Host()).Name);
    }

    [Theory]
    [InlineData("/opt/registryproxy/bin")]
    [InlineData("/opt")]
    public async Task A_folder_that_others_may_write_takes_no_program_of_roots(string folder)
    {
        using var node = FakeNode.Of("kubeadm");
        Directory.CreateDirectory(node.At(folder));
        File.SetUnixFileMode(node.At(folder), Everybody);
        var before = node.Snapshot();
        var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"));
        Assert.Contains($"somebody else could replace it: {node.At(folder)} is not root's", refusal.Message);
        Assert.Empty(node.Differences(before));
        File.SetUnixFileMode(node.At(folder), Everybody | UnixFileMode.StickyBit);
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
    }

    [Theory]
    [InlineData("/etc")]
    [InlineData("/etc/default/kubelet")]
    public void What_is_append_only_is_found_before_anything_is_written(string place)
    {
        using var node = FakeNode.Of("aks");
        var refusal = Assert.Throws<InstallRefusal>(() => Preflight.Check(
            node.Host(), ["/etc/default/kubelet", "/etc/new"], path => path == node.At(place)));
        Assert.Contains("immutable or append-only", refusal.Message);
        Preflight.Check(node.Host(), ["/etc/default/kubelet", "/etc/new"]);
    }
}
