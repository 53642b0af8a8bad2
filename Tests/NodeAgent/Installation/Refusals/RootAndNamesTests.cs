using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Refusals;

/// <summary>Where the node's root is, which names files have beside others, and which files say kubelet's flags.</summary>
public sealed class RootAndNamesTests
{
    private const string Unit = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf";

    [Fact]
    public void A_relative_root_is_one_of_this_folder_and_an_empty_one_is_refused()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write("/opt/program", "x");
        var relative = new HostFiles(Path.GetRelativePath(Environment.CurrentDirectory, node.Root) + "/");
        relative.Link("/opt/link", "/opt/program");
        Assert.Equal(node.Root, relative.Root);
        Assert.Equal(node.At("/opt/program"), relative.LinkTarget("/opt/link"));
        Assert.Equal("/", new HostFiles("/./").Root);
        Assert.Contains("--root is empty", Assert.Throws<InstallRefusal>(() => new HostFiles("")).Message);
    }

    [Fact]
    public async Task No_pattern_means_a_file_while_it_is_replaced()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Unit, node.Read(Unit).Replace("EnvironmentFile=-/etc/default/kubelet", "EnvironmentFile=-/etc/kubelet.env.d/*"));
        node.Write("/etc/kubelet.env.d/flags", "KUBELET_EXTRA_ARGS=--v=1\n");
        await ThereAndBack(node, () => { });
    }

    [Fact]
    public async Task An_assignment_without_quotes_gets_them_for_a_second_flag()
    {
        using var node = FakeNode.Of("kubeadm");
        const string DropIn = "/etc/systemd/system/kubelet.service.d/20-ip.conf";
        node.Write(DropIn, "[Service]\nEnvironment=OTHER=1 KUBELET_EXTRA_ARGS=--node-ip=10.0.0.1\n");
        await ThereAndBack(node, () => Assert.Contains(
            "=OTHER=1 \"KUBELET_EXTRA_ARGS=--node-ip=10.0.0.1 --image-credential-provider-config=", node.Read(DropIn)));
    }

    [Fact]
    public async Task A_file_of_variables_may_have_the_name_of_a_units_part()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Unit, node.Read(Unit).Replace("-/etc/default/kubelet", "/etc/kubernetes/kubelet-env.conf"));
        node.Write("/etc/kubernetes/kubelet-env.conf", "KUBELET_EXTRA_ARGS=--v=1\n");
        await ThereAndBack(node, () => Assert.Contains(
            "--v=1 --image-credential-provider-config=", node.Read("/etc/kubernetes/kubelet-env.conf")));
    }

    [Fact]
    public async Task What_people_take_out_before_the_first_boot_stays_out()
    {
        using var node = FakeNode.Of("eks");
        const string File = "/etc/eks/image-credential-provider/config.json";
        var original = node.Read(File);
        Assert.True(await node.Install("credential-provider") == 0, node.Said.ToString());
        node.Write(File, original);
        Assert.Empty(new Reapplying(node.Host()).Run());
        Assert.Equal(original, node.Read(File));
        node.Boot();
        Assert.Contains("registryproxy-credential-provider", node.Read(File));
    }

    private static async Task ThereAndBack(FakeNode node, Action look)
    {
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.True(await node.Install("credential-provider") == 0, node.Said.ToString());
        look();
        Assert.True(await node.Uninstall("credential-provider") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }
}
