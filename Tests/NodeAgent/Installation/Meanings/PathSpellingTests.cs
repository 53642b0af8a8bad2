using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Meanings;

/// <summary>A file is one file, however its path is written and whichever links lead to it.</summary>
public sealed class PathSpellingTests
{
    private const string Ours = "unix:///run/registryproxy/image.sock";
    private const string Environment = "/etc/eks/kubelet/environment";
    private const string DropIns = "/etc/kubernetes/kubelet/config.json.d";

    [Theory]
    [InlineData("/etc/containerd/certs.d/")]
    [InlineData("/etc/containerd//certs.d/.")]
    public async Task Of_containerds_folder(string folder)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write("/etc/containerd/config.toml",
            $"version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"{folder}\"\n");
        node.Write("/etc/containerd/certs.d/_default/hosts.toml", "[host.\"https://internal.example\"]\n");
        var before = node.Snapshot();
        Assert.True(await node.Install("containerd-mirror") == 0, node.Said.ToString());
        Assert.Equal(0, await node.Install("containerd-mirror"));
        Assert.Contains("is in place already", node.Said.ToString());
        Assert.Contains("internal.example", node.Read("/etc/containerd/certs.d/gcr.io/hosts.toml"));
        Assert.True(await node.Uninstall("containerd-mirror") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_kubelets_drop_ins(bool isChained)
    {
        using var node = FakeNode.Of("eks-kubelet-config");
        node.Write(Environment, node.Read(Environment).Replace(DropIns, $"{DropIns}/", StringComparison.Ordinal));
        if (isChained)
        {
            node.Write($"{DropIns}/99-soci.conf", "imageServiceEndpoint: unix:///run/soci.sock\n");
        }

        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal(Ours, node.Systemd.ImageService);
        Assert.Equal(isChained, node.Read("/etc/registryproxy/nodeagent.yaml").Contains("unix:///run/soci.sock", StringComparison.Ordinal));
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task A_link_in_place_of_the_folder_of_drop_ins_is_one_into_which_kubelet_does_not_go()
    {
        using var node = FakeNode.Of("eks-kubelet-config");
        Directory.Move(node.At(DropIns), node.At("/etc/kubernetes/kubelet/real"));
        File.CreateSymbolicLink(node.At(DropIns), "real");
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal(Ours, node.Systemd.ImageService);
        Assert.Contains("registryproxy", node.Read("/etc/kubernetes/kubelet/config.json"));
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));

        node.Write(Environment, node.Read(Environment).Replace(DropIns, $"{DropIns}/", StringComparison.Ordinal));
        node.Systemd.StartKubelet();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.True(File.Exists(node.At("/etc/kubernetes/kubelet/real/50-registryproxy.conf")));
    }

    [Fact]
    public async Task Of_a_folder_of_a_registry_behind_a_link()
    {
        using var node = FakeNode.Of("kubeadm");
        Directory.CreateDirectory(node.At("/etc/containerd/certs.d/hub"));
        File.CreateSymbolicLink(node.At("/etc/containerd/certs.d/docker.io"), "hub");
        var before = node.Snapshot();
        Assert.True(await node.Install("containerd-mirror") == 0, node.Said.ToString());
        Assert.True(await node.Uninstall("containerd-mirror") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task Of_kubelets_flags_behind_a_link()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=--image-service-endpoint=/run/other.sock\n");
        Directory.CreateDirectory(node.At("/etc/sysconfig"));
        File.CreateSymbolicLink(node.At("/etc/sysconfig/kubelet"), "/etc/default/kubelet");
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal(Ours, node.Systemd.ImageService);
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }
}
