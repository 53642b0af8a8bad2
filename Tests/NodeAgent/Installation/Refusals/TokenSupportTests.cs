using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Refusals;

/// <summary>A kubelet that reads the entries of pods' tokens strictly, and does not know them, would not start.</summary>
public sealed class TokenSupportTests
{
    private const string OldKubelet = "\u007fELF image-service-endpoint json:\"matchImages\"";

    [Theory]
    [InlineData("kubeadm", "/usr/bin/kubelet")]
    [InlineData("gke", "/home/kubernetes/bin/kubelet")]
    [InlineData("k3s", "/var/lib/rancher/rke2/bin/kubelet")]
    [InlineData("k3s", "/var/lib/rancher/k3s/data/current/bin/k3s")]
    public async Task An_older_kubelet_is_refused_before_anything_is_written_and_a_newer_one_taken(string platform, string program)
    {
        foreach (var services in (bool[])[true, false])
        {
            using var node = FakeNode.Of(platform);
            node.Write(program, OldKubelet);
            var before = node.Snapshot();
            var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("credential-provider", services));
            Assert.Contains($"need Kubernetes 1.34 or later: {program} does not know tokenAttributes.cacheType", refusal.Message);
            Assert.Empty(node.Differences(before));
            node.Write(program, $"{OldKubelet} json:\"cacheType\"");
            Assert.True(await node.Install("credential-provider", services) == 0, node.Said.ToString());
        }
    }

    [Fact]
    public async Task The_program_of_the_unit_is_asked_wherever_it_is_and_not_where_no_token_is_asked_for()
    {
        using var node = FakeNode.Of("kubeadm");
        const string DropIn = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf";
        node.Write("/opt/cluster/kubelet", OldKubelet);
        node.Write(DropIn, node.Read(DropIn).Replace("ExecStart=/usr/bin/kubelet", "ExecStart=-/opt/cluster/kubelet"));
        node.Systemd.StartKubelet();
        Assert.Contains("/opt/cluster/kubelet does not know",
            (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("credential-provider"))).Message);
        node.Settings = node.Settings.Replace("  - { url: \"https://apps.acme.example\", workloads: { authenticator: k8s } }\n", "");
        Assert.True(await node.Install("credential-provider") == 0, node.Said.ToString());
    }

    [Fact]
    public async Task A_list_of_an_earlier_version_knows_no_tokens()
    {
        using var node = FakeNode.Of("eks");
        const string File = "/etc/eks/image-credential-provider/config.json";
        node.Write(File, node.Read(File).Replace("kubelet.config.k8s.io/v1\"", "kubelet.config.k8s.io/v1beta1\""));
        var before = node.Snapshot();
        Assert.Contains($"{File} is of kubelet.config.k8s.io/v1beta1, which knows no tokenAttributes",
            (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("credential-provider", services: false))).Message);
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData("credential-provider")]
    [InlineData("image-service")]
    public async Task One_that_has_booted_with_files_of_other_names_is_none(string target)
    {
        // As on Amazon Linux 2: the unit says where they are.
        const string Unit = "/etc/systemd/system/kubelet.service";
        using var node = FakeNode.Of("eks");
        node.Write("/etc/kubernetes/kubelet/kubelet-config.json", node.Read("/etc/kubernetes/kubelet/config.json"));
        node.Write("/etc/eks/image-credential-provider/ecr.json", node.Read("/etc/eks/image-credential-provider/config.json"));
        node.Write(Unit, "[Service]\nEnvironmentFile=-/etc/default/kubelet\nExecStart=/usr/bin/kubelet "
            + "--config /etc/kubernetes/kubelet/kubelet-config.json "
            + "--image-credential-provider-config /etc/eks/image-credential-provider/ecr.json "
            + "--image-credential-provider-bin-dir /etc/eks/image-credential-provider $KUBELET_EXTRA_ARGS\n");
        foreach (var file in (string[])["/etc/eks/kubelet/environment", "/etc/kubernetes/kubelet/config.json",
            "/etc/eks/image-credential-provider/config.json"])
        {
            System.IO.File.Delete(node.At(file));
        }

        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.True(await node.Install(target) == 0, node.Said.ToString());
        Assert.True(await node.Uninstall(target) == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData("credential-provider")]
    [InlineData("image-service")]
    public async Task An_image_that_its_platform_has_not_written_yet_is_refused(string target)
    {
        using var node = FakeNode.Of("eks");
        foreach (var file in (string[])["/etc/eks/kubelet/environment", "/etc/kubernetes/kubelet/config.json",
            "/etc/eks/image-credential-provider/config.json"])
        {
            System.IO.File.Delete(node.At(file));
        }

        Directory.Delete(node.At("/proc"), recursive: true);
        var before = node.Snapshot();
        Assert.Contains("nodeadm has not run on this node",
            (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(target, services: false))).Message);
        Assert.Empty(node.Differences(before));
    }
}
