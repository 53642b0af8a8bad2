using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>A disk that is full from some moment on: whatever that is, kubelet gets back what it had, and the next run goes on.</summary>
public sealed class FullDiskTests
{
    [Theory]
    [InlineData("kubeadm", "image-service")]
    [InlineData("aks", "image-service")]
    [InlineData("aks", "credential-provider")]
    [InlineData("eks", "credential-provider")]
    public async Task A_kubelet_that_does_not_stay_up_on_a_full_disk_gets_its_files_back(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        node.Systemd.KubeletHatesTheAgent = true;
        FullFrom(node, "systemctl restart kubelet");
        Assert.Equal(1, await Tried(() => node.Install(target)));
        Assert.True(node.Systemd.KubeletRuns);
        Assert.Empty(KubeletsFiles(node, before));

        (node.Denied, node.Systemd.KubeletHatesTheAgent) = (_ => false, false);
        Assert.True(await node.Uninstall(target) == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData("kubeadm", "image-service")]
    [InlineData("eks-kubelet-config", "image-service")]
    [InlineData("kubeadm", "credential-provider")]
    public async Task An_uninstallation_that_kubelet_does_not_survive_on_a_full_disk_goes_back(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install(target));
        var installed = node.Snapshot();
        FullFrom(node, "systemctl restart kubelet");
        node.Systemd.KubeletRunsOn = target != "image-service";
        node.Systemd.KubeletStartsWith =
            target == "image-service" ? ["--image-service-endpoint=unix:///run/registryproxy/image.sock"] : null;
        Assert.Equal(1, await Tried(() => node.Uninstall(target)));
        Assert.Empty(KubeletsFiles(node, installed));

        (node.Denied, node.Systemd.KubeletRunsOn, node.Systemd.KubeletStartsWith) = (_ => false, false, null);
        Assert.True(await node.Uninstall(target) == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData("kubeadm", "image-service")]
    [InlineData("eks-soci", "image-service")]
    [InlineData("aks", "credential-provider")]
    [InlineData("eks", "containerd-mirror")]
    public async Task A_disk_that_is_full_before_kubelet_is_restarted_changes_nothing_that_it_reads(string platform, string target)
    {
        List<string> writes = [];
        using (var probe = FakeNode.Of(platform))
        {
            probe.Denied = what => Noted(writes, what);
            Assert.Equal(0, await probe.Install(target));
        }

        foreach (var first in writes.TakeWhile(what => !what.StartsWith("systemd-run", StringComparison.Ordinal)).Where(IsWrite).Distinct())
        {
            using var node = FakeNode.Of(platform);
            var before = node.Snapshot();
            FullFrom(node, first);
            var exitCode = await Tried(() => node.Install(target));
            Assert.True(node.Systemd.KubeletRuns, first);
            Assert.True(exitCode == 1, first);
            Assert.Empty(KubeletsFiles(node, before));

            node.Denied = _ => false;
            Assert.True(await node.Uninstall(target) == 0, $"{first}: {node.Said}");
            Assert.Empty(node.Differences(before));
        }
    }

    /// <summary>From a call or a change on, nothing can be written any more; what is there can be renamed and deleted.</summary>
    private static void FullFrom(FakeNode node, string moment)
    {
        var isFull = false;
        node.Denied = what => (isFull |= what == moment) && IsWrite(what);
    }

    private static bool IsWrite(string what) => what.StartsWith("write ", StringComparison.Ordinal);

    private static IEnumerable<string> KubeletsFiles(FakeNode node, SortedDictionary<string, string> before) => node.Differences(before)
        .Where(difference => !difference.Contains("registryproxy-nodeagent", StringComparison.Ordinal)
            && !difference.StartsWith("/var/lib/registryproxy", StringComparison.Ordinal)
            && !difference.StartsWith("/etc/registryproxy", StringComparison.Ordinal)
            && !difference.Contains("\n+++ folder", StringComparison.Ordinal)
            && !difference.Contains("registryproxy-credential-provider\n", StringComparison.Ordinal)
            && !difference.Contains("registryproxy-credential-provider-2\n", StringComparison.Ordinal)
            && !difference.StartsWith("/run/", StringComparison.Ordinal));

    private static async Task<int> Tried(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception fault) when (fault is IOException or InstallRefusal)
        {
            return 1;
        }
    }

    private static bool Noted(List<string> changes, string what)
    {
        changes.Add(what);
        return false;
    }
}
