using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Meanings;

/// <summary>"In place" is what the running kubelet uses, and not only what its files say: they may come back behind its back.</summary>
public sealed class RunningKubeletTests
{
    [Theory]
    [InlineData("aks", "image-service", "--image-service-endpoint")]
    [InlineData("kubeadm", "credential-provider", "--image-credential-provider-config")]
    public async Task A_kubelet_that_was_started_without_ours_is_restarted(string platform, string target, string flag)
    {
        using var node = FakeNode.Of(platform);
        Assert.Equal(0, await node.Install(target));
        var started = node.Read("/proc/77/cmdline");
        var without = started.Split('\0').Where(word => !word.StartsWith(flag, StringComparison.Ordinal));
        node.Write("/proc/77/cmdline", string.Join('\0', without));
        node.Systemd.Commands.Clear();
        Assert.True(await node.Install(target) == 0, node.Said.ToString());
        Assert.DoesNotContain("is in place already", node.Said.ToString());
        Assert.Contains("so it is restarted", node.Said.ToString());
        Assert.Contains("systemctl restart kubelet", node.Systemd.Commands);
        Assert.Equal(started, node.Read("/proc/77/cmdline"));

        node.Systemd.Commands.Clear();
        Assert.Equal(0, await node.Install(target));
        Assert.Contains("is in place already", node.Said.ToString());
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
    }

    [Fact]
    public async Task Files_alone_are_not_held_against_a_kubelet_that_runs()
    {
        using var node = FakeNode.Of("aks");
        Assert.Equal(0, await node.Install("image-service"));
        node.Write("/proc/77/cmdline", "/usr/local/bin/kubelet\0");
        node.Systemd.Commands.Clear();
        Assert.Equal(0, await node.Install("image-service", services: false));
        Assert.Empty(node.Systemd.Commands);
    }
}
