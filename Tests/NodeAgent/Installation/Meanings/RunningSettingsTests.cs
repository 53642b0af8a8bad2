using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Meanings;

/// <summary>What the agent and kubelet were started with counts, and not what somebody has written into their files since.</summary>
public sealed class RunningSettingsTests
{
    private const string Settings = "/etc/registryproxy/nodeagent.yaml";

    [Fact]
    public async Task Settings_that_are_edited_where_they_are_installed_reach_the_agent()
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install("image-service"));
        node.Settings += "# edited\n";
        node.Write(Settings, node.Settings);
        node.Systemd.Commands.Clear();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal(node.Settings, node.Systemd.AgentSettings);
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);

        node.Systemd.Commands.Clear();
        Assert.Equal(0, await node.Install("image-service"));
        Assert.Contains("is in place already", node.Said.ToString());
        Assert.DoesNotContain(node.Systemd.Commands, command => command.Contains("restart", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_socket_that_is_edited_there_is_one_that_the_agent_listens_on_before_kubelet_asks()
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install("image-service"));
        node.Settings = node.Settings.Replace("/run/registryproxy/", "/run/rp2/", StringComparison.Ordinal);
        node.Write(Settings, node.Settings);
        node.Systemd.Commands.Clear();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        var calls = node.Systemd.Commands;
        Assert.InRange(calls.IndexOf("systemctl restart registryproxy-nodeagent"), 0, calls.IndexOf("systemctl restart kubelet"));
        Assert.Equal(node.Settings, node.Systemd.AgentSettings);
    }

    [Fact]
    public async Task An_agent_that_hangs_is_not_what_kubelet_is_restarted_for()
    {
        using var node = FakeNode.Of("kubeadm");
        const string Config = "/var/lib/kubelet/config.yaml";
        var original = node.Read(Config);
        Assert.Equal(0, await node.Install("image-service"));
        node.Write(Config, original);
        node.Systemd.AgentHangs = true;
        node.Systemd.Commands.Clear();
        Assert.Equal(1, await node.Install("image-service"));
        Assert.Contains("the agent does not serve", node.Said.ToString());
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
    }

    [Fact]
    public async Task A_line_that_somebody_took_out_by_hand_is_one_that_kubelet_still_has()
    {
        using var node = FakeNode.Of("kubeadm");
        const string Config = "/var/lib/kubelet/config.yaml";
        var original = node.Read(Config);
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install("image-service"));
        node.Write(Config, original);
        File.Delete(node.At("/etc/systemd/system/kubelet.service.d/50-registryproxy.conf"));
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Null(node.Systemd.ImageService);
        Assert.Empty(node.Differences(before));
    }
}
