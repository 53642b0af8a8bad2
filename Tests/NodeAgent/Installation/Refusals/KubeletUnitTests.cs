using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Refusals;

/// <summary>A kubelet that systemd cannot restart by kubelet.service, and one that somebody stopped.</summary>
public sealed class KubeletUnitTests
{
    [Theory]
    [InlineData("masked")]
    [InlineData("not-found")]
    public async Task Where_kubelet_could_not_be_restarted_nothing_is_installed(string load)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write("/proc/77/cgroup", "0::/system.slice/k0sworker.service\n");
        node.Systemd.KubeletLoads = load;
        foreach (var target in (string[])["image-service", "credential-provider"])
        {
            var before = node.Snapshot();
            var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(target));
            Assert.Contains($"systemd cannot start kubelet.service on this node (it is {load})", refusal.Message);
            Assert.Contains("which runs by k0sworker.service", refusal.Message);
            Assert.Empty(node.Differences(before));
        }
    }

    [Fact]
    public async Task One_that_another_unit_runs_is_not_taken_for_stopped()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Systemd.KubeletIsStopped = true;
        node.Systemd.StartKubelet();
        node.Write("/proc/77/cgroup", "0::/system.slice/k0sworker.service\n");
        var before = node.Snapshot();
        var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"));
        Assert.Contains("kubelet.service does not run on this node, and kubelet does", refusal.Message);
        Assert.Contains("which runs by k0sworker.service", refusal.Message);
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData("0::/system.slice/k0sworker.service\n")]
    [InlineData("0::/system.slice/k0sworker.service/kubelet\n")]
    public async Task What_is_installed_is_removed_by_the_unit_that_runs_kubelet_now(string group)
    {
        using var node = FakeNode.Of("kubeadm");
        var before = node.Snapshot();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        node.Write("/proc/77/cgroup", group);
        node.Systemd.KubeletLoads = "not-found";
        node.Systemd.Active = ["k0sworker"];
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Contains("systemctl restart --no-block k0sworker", node.Systemd.Commands);
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task It_is_removed_where_no_kubelet_runs_or_can()
    {
        using var node = FakeNode.Of("kubeadm");
        var before = node.Snapshot();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Directory.Delete(node.At("/proc"), recursive: true);
        node.Systemd.KubeletLoads = "masked";
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.False(node.Systemd.AgentRuns);
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData("image-service")]
    [InlineData("credential-provider")]
    public async Task A_kubelet_that_was_stopped_stays_stopped_in_both_directions(string target)
    {
        using var node = FakeNode.Of("kubeadm");
        var before = node.Snapshot();
        node.Systemd.KubeletIsStopped = true;
        Assert.True(await node.Install(target) == 0, node.Said.ToString());
        Assert.Contains("kubelet does not run on this node and was not started", node.Said.ToString());
        Assert.Contains("systemctl daemon-reload", node.Systemd.Commands);
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
        Assert.DoesNotContain(node.Systemd.Commands, command => command.StartsWith("systemd-run", StringComparison.Ordinal));

        Assert.True(await node.Uninstall(target) == 0, node.Said.ToString());
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task One_that_was_started_since_is_watched_by_the_next_run()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Systemd.KubeletIsStopped = true;
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        node.Systemd.KubeletIsStopped = false;
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Contains("systemctl restart kubelet", node.Systemd.Commands);
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Contains("is in place already", node.Said.ToString());
    }

    [Fact]
    public async Task A_failure_before_kubelet_leaves_a_stopped_one_alone_too()
    {
        using var node = FakeNode.Of("kubeadm");
        var before = node.Snapshot();
        node.Systemd.KubeletIsStopped = true;
        node.Systemd.AgentHangs = true;
        Assert.Equal(1, await node.Install("image-service"));
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
        Assert.Empty(node.Differences(before));
    }
}
