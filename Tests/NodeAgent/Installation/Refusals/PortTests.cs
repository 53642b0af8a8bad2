using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Refusals;

/// <summary>An agent is not begun without one of its ports, though one that is installed would wait for it.</summary>
public sealed class PortTests
{
    [Theory]
    [InlineData(5005, "mirror.listen: port 5005 is in use")]
    [InlineData(5006, "health: port 5006 is in use")]
    public async Task A_port_of_somebody_else_is_found_before_anything_is_written(int port, string reason)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Settings += "health: http://127.0.0.1:5006\n";
        var before = node.Snapshot();
        node.TakenPort = port;
        Assert.Contains(reason, (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"))).Message);
        Assert.Empty(node.Differences(before));
        node.TakenPort = null;
        Assert.Equal(0, await node.Install("image-service"));

        // It is the agent's own now.
        node.TakenPort = port;
        node.Settings += "# edited\n";
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
    }
}
