using System.Net.Sockets;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Meanings;

/// <summary>Names in folders of others: only what is this program's is taken, and patterns mean what the node means by them.</summary>
public sealed class SharedFolderTests
{
    private static readonly string[] Others = ["docker.sock", "cri-dockerd.sock", "containerd.sock", "containerd.sock.ttrpc", "a.sock.12"];

    [Theory]
    [InlineData("image-service")]
    [InlineData("docker-helper")]
    public async Task Sockets_of_others_stay_when_the_last_target_goes(string target)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Settings = node.Settings.Replace("/run/registryproxy/image.sock", "/run/rp.sock", StringComparison.Ordinal);
        foreach (var name in Others)
        {
            node.LeaveSocket($"/run/{name}");
        }

        var before = node.Snapshot();
        Assert.True(await node.Install(target) == 0, node.Said.ToString());
        foreach (var name in (string[])["rp.sock", "rp.sock.77", "agent.sock", "agent.sock.78"])
        {
            node.LeaveSocket($"/run/{name}");
        }

        node.Write("/run/agent.lock", "");
        Assert.True(await node.Uninstall(target) == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task A_first_installation_that_fails_takes_no_sockets_with_it()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Settings = node.Settings.Replace("/run/registryproxy/image.sock", "/run/rp.sock", StringComparison.Ordinal);
        node.LeaveSocket("/run/docker.sock");
        var before = node.Snapshot();
        node.Systemd.BadSettings = node.Settings;
        Assert.Equal(1, await node.Install("image-service"));
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task Somebody_elses_of_the_agents_names_stay()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Settings = node.Settings.Replace("/run/registryproxy/image.sock", "/run/rp.sock", StringComparison.Ordinal);
        Assert.Equal(0, await node.Install("docker-helper"));
        node.Write("/run/agent.lock", "of somebody else");
        node.Write("/run/rp.sock", "no socket");
        using var live = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        live.Bind(new UnixDomainSocketEndPoint(node.At("/run/agent.sock")));
        live.Listen();
        Assert.Equal(0, await node.Uninstall("docker-helper"));
        Assert.Equal(["agent.lock", "agent.sock", "rp.sock"],
            Directory.EnumerateFiles(node.At("/run")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("*.*", "a.conf", true)]
    [InlineData("*.*", "aconf", false)]
    [InlineData("*.sock.*", "docker.sock", false)]
    [InlineData("*.sock.*", "a.sock.12", true)]
    [InlineData("*", ".hidden", false)]
    [InlineData(".*", ".hidden", true)]
    [InlineData("*.?onf", "a.conf", true)]
    [InlineData("?", "", false)]
    [InlineData("a?", "a", false)]
    [InlineData("[0-9][!a-c]*", "5d", true)]
    [InlineData("[0-9][!a-c]*", "5b", false)]
    [InlineData("[]]", "]", true)]
    [InlineData("[a", "[a", true)]
    [InlineData("a\\*b", "a*b", true)]
    [InlineData("a\\*b", "axb", false)]
    [InlineData("*a*b", "xaxxab", true)]
    [InlineData("*a*b", "xaxxa", false)]
    public void Patterns_are_those_of_the_node(string pattern, string name, bool isMeant)
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(isMeant, FileGlob.Matches(pattern, name));
        if (name.Length > 0)
        {
            node.Write($"/etc/listed/{name}", "");
            Assert.Equal(isMeant ? [$"/etc/listed/{name}"] : Array.Empty<string>(), node.Host().List("/etc/listed", pattern));
        }
    }
}
