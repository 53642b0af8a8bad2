using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.NodeAgent.Installation.Refusals;

/// <summary>A kubelet that did not stay up before a change proves nothing against it: nothing of it is remembered.</summary>
public sealed class BrokenKubeletTests
{
    private const string Before = "kubelet did not stay up before this change either";

    [Theory]
    [InlineData("kubeadm", "image-service")]
    [InlineData("kubeadm", "credential-provider")]
    [InlineData("aks", "credential-provider")]
    public async Task A_node_that_has_not_joined_is_told_so_and_takes_the_same_later(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        node.Systemd.KubeletIsBroken = true;
        var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(target));
        Assert.Contains(Before, refusal.Message);
        Assert.Contains("--files-only", refusal.Message);
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
        Assert.Empty(node.Differences(before));

        node.Systemd.KubeletIsBroken = false;
        Assert.True(await node.Install(target) == 0, node.Said.ToString());
    }

    [Theory]
    [InlineData("kubeadm", "image-service")]
    [InlineData("gke", "credential-provider")]
    public async Task What_is_installed_can_be_taken_away_from_a_node_that_is_being_mended(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install(target));
        node.Systemd.KubeletIsBroken = true;
        Assert.True(await node.Uninstall(target) == 0, node.Said.ToString());
        Assert.Contains("kubelet does not stay up on this node", node.Said.ToString());
        Assert.False(node.Systemd.AgentRuns);
        Assert.Empty(node.Differences(before));
        node.Systemd.KubeletIsBroken = false;
        Assert.True(node.Systemd.KubeletRuns);
    }

    [Fact]
    public async Task A_change_of_what_is_installed_goes_back_and_may_be_tried_again_when_kubelet_is_mended()
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install("image-service"));
        node.Settings = node.Settings.Replace("/run/registryproxy/", "/run/rp2/", StringComparison.Ordinal);
        node.Systemd.KubeletIsBroken = true;
        Assert.Equal(1, await node.Install("image-service"));
        Assert.Contains(Before, node.Said.ToString());
        Assert.Contains("/run/registryproxy/", node.Read("/etc/registryproxy/nodeagent.yaml"));

        node.Systemd.KubeletIsBroken = false;
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal("unix:///run/rp2/image.sock", node.Systemd.ImageService);
    }

    [Fact]
    public async Task A_kubelet_that_was_started_a_moment_ago_is_waited_for()
    {
        var time = new FakeTimeProvider();
        var times = new WatchTimes(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(45));
        var start = time.GetElapsedTime(0);
        Task<bool> Steady(Func<TimeSpan, string> words) => time.Passing(
            new NodeServices(new Systemd(() => words(time.GetElapsedTime(0) - start))).IsSteady("kubelet", times, time, default),
            TimeSpan.FromMilliseconds(500));
        string Active(TimeSpan since) => $"ActiveState=active\nActiveEnterTimestampMonotonic={(long)(start + since).TotalMicroseconds}\n";
        Assert.True(await Steady(_ => Active(TimeSpan.FromSeconds(2))));
        start = time.GetElapsedTime(0);
        Assert.True(await Steady(now => now < TimeSpan.FromSeconds(9) ? "ActiveState=activating\n" : Active(TimeSpan.FromSeconds(9))));

        // It ends every eleven seconds.
        start = time.GetElapsedTime(0);
        Assert.False(await Steady(now => Active(TimeSpan.FromSeconds(11 * Math.Floor(now.TotalSeconds / 11)))));
        Assert.False(await Steady(_ => "ActiveState=failed\n"));
        Assert.True(await Steady(_ => ""));
    }

    private sealed class Systemd(Func<string> words) : IHostCommands
    {
        public Task<(int ExitCode, string Words)> Run(params string[] command) => Task.FromResult((0, words()));
    }
}
