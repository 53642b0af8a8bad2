using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Meanings;

/// <summary>
/// An agent that listens elsewhere leaves nothing where it listened, and people hear which lines of theirs still lead there.
/// </summary>
public sealed class FormerAddressTests
{
    private const string Crictl = "/etc/crictl.yaml";
    private const string Socket = "/run/registryproxy/image.sock";

    [Fact]
    public async Task Nothing_is_left_where_it_listened_before()
    {
        using var node = FakeNode.Of("kubeadm");
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install("image-service"));
        Leave(node, "/run/registryproxy");
        node.Settings = node.Settings.Replace("/run/registryproxy/", "/run/rp2/", StringComparison.Ordinal);
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.False(Directory.Exists(node.At("/run/registryproxy")));

        // systemd makes that folder wherever the agent listens.
        Directory.CreateDirectory(node.At("/run/registryproxy"));
        Leave(node, "/run/rp2");
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task A_change_that_is_taken_back_leaves_nothing_where_it_was_to_listen()
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install("image-service"));
        Leave(node, "/run/rp2");
        node.Settings = node.Settings.Replace("/run/registryproxy/", "/run/rp2/", StringComparison.Ordinal);
        node.Systemd.AgentHangs = true;
        Assert.Equal(1, await node.Install("image-service"));
        Assert.False(Directory.Exists(node.At("/run/rp2")));
    }

    [Fact]
    public async Task Lines_of_others_that_lead_to_the_former_mirror_or_socket_are_told()
    {
        const string Copied = "/etc/containerd/certs.d/quay.io/hosts.toml";
        using var node = FakeNode.Of("eks");
        node.Write(Crictl, $"runtime-endpoint: unix:///run/containerd/containerd.sock\nimage-endpoint: unix://{Socket}\n");
        node.Write(Copied, "[host.\"http://127.0.0.1:5005\"]\n  capabilities = [\"pull\"]\n");
        Assert.Equal(0, await node.Install("image-service"));
        Assert.DoesNotContain("note: /", node.Said.ToString());
        Assert.Equal(0, await node.Install("containerd-mirror"));
        Assert.DoesNotContain("note: /", node.Said.ToString());

        node.Settings = node.Settings.Replace("127.0.0.1:5005", "127.0.0.1:5015", StringComparison.Ordinal)
            .Replace("/run/registryproxy/", "/run/rp2/", StringComparison.Ordinal);
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        var said = node.Said.ToString();
        Assert.Contains($"note: {Crictl}, line 2: image-endpoint: unix://{Socket} still names the socket of before", said);
        Assert.Contains($"note: {Copied}, line 1: [host.\"http://127.0.0.1:5005\"] still names the mirror of before", said);
    }

    [Fact]
    public async Task What_people_look_into_the_node_with_keeps_nothing_and_is_told()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Crictl, $"image-endpoint: unix://{Socket}\n");
        Assert.Equal(0, await node.Install("image-service"));
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Contains($"note: {Crictl}, line 1: ", node.Said.ToString());
    }

    /// <summary>What an agent that was killed leaves.</summary>
    private static void Leave(FakeNode node, string folder)
    {
        node.LeaveSocket($"{folder}/image.sock");
        node.LeaveSocket($"{folder}/agent.sock");
        node.Write($"{folder}/agent.lock", "");
    }
}
