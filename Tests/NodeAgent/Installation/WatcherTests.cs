using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.NodeAgent.Installation.Kubelet;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>kubelet reads no file of an installation that nobody watches, and it is the node's own kubelet that is watched.</summary>
public sealed class WatcherTests
{
    [Theory]
    [InlineData("kubeadm", "image-service")]
    [InlineData("eks", "credential-provider")]
    [InlineData("aks", "image-service")]
    public async Task Where_no_watcher_can_be_started_kubelets_files_are_what_they_were(string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        node.Systemd.FailsOnce = "systemd-run";
        Assert.Equal(1, await node.Install(target));
        Assert.Contains("kubelet was not restarted", node.Said.ToString());
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
        Assert.All(
            node.Differences(before), difference => Assert.StartsWith("/var/lib/registryproxy", difference, StringComparison.Ordinal));
        Assert.False(node.Systemd.AgentRuns);

        Assert.True(await node.Install(target) == 0, node.Said.ToString());
        var installed = node.Snapshot();
        node.Systemd.FailsOnce = "systemd-run";
        Assert.Equal(1, await node.Uninstall(target));
        Assert.DoesNotContain(
            node.Differences(installed), difference => !difference.StartsWith("/var/lib/registryproxy", StringComparison.Ordinal));
        Assert.Equal(target == "image-service", node.Systemd.AgentRuns);
        Assert.True(await node.Uninstall(target) == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task Another_agent_is_tried_where_the_former_one_failed()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Systemd.KubeletHatesTheAgent = true;
        Assert.Equal(1, await node.Install("image-service"));
        node.Systemd.KubeletHatesTheAgent = false;
        Assert.Equal(1, await node.Install("image-service"));
        Assert.Contains("this change failed on this node before", node.Said.ToString());
        node.Program = "the agent, other version";
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal("the agent, other version", node.Read("/opt/registryproxy/bin/registryproxy-nodeagent"));
    }

    [Theory]
    [InlineData("systemd-run")]
    [InlineData("systemctl restart registryproxy-nodeagent")]
    public async Task A_kubelet_that_an_earlier_run_restarted_keeps_the_agent_that_it_uses(string call)
    {
        using var probe = FakeNode.Of("kubeadm");
        Assert.Equal(0, await probe.Install("image-service"));
        var after = probe.Changes.FindIndex(change => change.StartsWith("systemctl is-active --quiet kubelet", StringComparison.Ordinal));
        using var node = FakeNode.Of("kubeadm");
        var before = node.Snapshot();
        node.KillBefore(probe.Changes.FindIndex(after, change => change.Contains("image-service.result", StringComparison.Ordinal)) + 3);
        await Assert.ThrowsAsync<KilledException>(() => node.Install("image-service"));
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);

        node.Program = call == "systemd-run" ? node.Program : "the agent, second version";
        node.Systemd.FailsOnce = call;
        Assert.Equal(1, await node.Install("image-service"));
        Assert.Contains("kubelet runs with what an earlier run", node.Said.ToString());
        Assert.True(node.Systemd.KubeletRuns && node.Systemd.AgentRuns);

        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Null(node.Systemd.ImageService);
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_watcher_that_ends_without_a_word_is_started_once_more_and_not_waited_for(int dead)
    {
        using var node = FakeNode.Of("eks");
        var before = node.Snapshot();
        node.Systemd.DeadWatchers = dead;
        Assert.Equal(dead - 1, await node.Install("credential-provider").WaitAsync(TimeSpan.FromMinutes(1),
            TestContext.Current.CancellationToken));
        Assert.Equal(2, node.Systemd.Commands.Count(command => command.StartsWith("systemd-run", StringComparison.Ordinal)));
        if (dead == 2)
        {
            Assert.Contains("the watcher ended without a word", node.Said.ToString());
            Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
            Assert.All(
                node.Differences(before), difference => Assert.StartsWith("/var/lib/registryproxy", difference, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_watcher_that_put_everything_back_and_ended_without_a_word_is_no_success_of_another_one()
    {
        using var node = FakeNode.Of("kubeadm");
        var before = node.Snapshot();
        (node.Systemd.KubeletHatesTheAgent, node.Systemd.MuteWatchers) = (true, 1);
        Assert.Equal(1, await node.Install("image-service"));
        Assert.Single(node.Systemd.Commands, command => command.StartsWith("systemd-run", StringComparison.Ordinal));
        Assert.Contains("the change failed, so everything was put back", node.Said.ToString());
        Assert.Null(node.Systemd.ImageService);

        // A watcher that died before it did anything is followed by a second one, whatever failed before.
        (node.Systemd.KubeletHatesTheAgent, node.Systemd.DeadWatchers) = (false, 1);
        Assert.True(await node.Install("image-service", retry: true) == 0, node.Said.ToString());
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task A_watcher_of_which_systemd_says_too_late_that_it_runs_is_waited_for()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Systemd.IsDoneButFails = "systemd-run";
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
    }

    [Fact]
    public async Task A_watcher_that_starts_after_the_installation_gave_up_does_nothing()
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install("image-service"));
        var installed = node.Snapshot();
        node.Systemd.Commands.Clear();
        Assert.Equal(0, await Watch(node, node.Systemd, TimeProvider.System));
        Assert.Empty(node.Systemd.Commands);
        Assert.Empty(node.Differences(installed));
    }

    [Fact]
    public async Task A_kubelet_that_ends_and_is_started_between_two_looks_is_not_steady()
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install("credential-provider"));
        var store = new RecordStore(node.Host());
        store.Write(store.Read() with { IsChanging = true });
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch);
        Assert.Equal(1, await time.Passing(Watch(node, new Flapping(), time), TimeSpan.FromSeconds(1)));
        Assert.Contains(
            "kubelet was not active for 20 s within 60 s", node.Read("/var/lib/registryproxy/install/image-service.result"));
    }

    [Fact]
    public void Of_several_kubelets_the_one_of_the_node_and_of_its_unit_counts()
    {
        using var node = FakeNode.Of("kubeadm");
        Directory.Delete(node.At("/proc"), recursive: true);
        Process(node, 1, "systemd", "pid:[1]", "/init.scope", "/sbin/init");
        Process(node, 12, "kubelet", "pid:[2]", "/kubelet.slice/kind/kubelet.service", "/usr/bin/kubelet", "--of-a-container");
        Assert.Null(KubeletProcess.Words(node.Host()));
        Process(node, 20, "kubelet", "pid:[1]", "/user.slice", "/usr/bin/kubelet", "--help");
        Assert.Equal(["--help"], KubeletProcess.Words(node.Host())!);
        Process(node, 300, "kubelet", "pid:[1]", "/system.slice/kubelet.service", "/usr/bin/kubelet", "--of-the-node");
        Assert.Equal(["--of-the-node"], KubeletProcess.Words(node.Host())!);
    }

    private static Task<int> Watch(FakeNode node, IHostCommands commands, TimeProvider time) => new KubeletWatch(
        node.Host(), new NodeFiles(node.Host(), node.AgentProgram()), commands,
        new WatchTimes(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(60)), time, () => Task.FromResult<string?>(null))
        .Run("image-service", CancellationToken.None);

    private static void Process(FakeNode node, int id, string name, string space, string group, params string[] words)
    {
        node.Write($"/proc/{id}/comm", $"{name}\n");
        node.Write($"/proc/{id}/cmdline", string.Join('\0', words) + "\0");
        node.Write($"/proc/{id}/cgroup", $"0::{group}\n");
        Directory.CreateDirectory(node.At($"/proc/{id}/ns"));
        File.CreateSymbolicLink(node.At($"/proc/{id}/ns/pid"), space);
    }

    /// <summary>A kubelet that is active whenever it is looked at, and another process each time.</summary>
    private sealed class Flapping : IHostCommands
    {
        private int _process;

        public Task<(int ExitCode, string Words)> Run(params string[] command) =>
            Task.FromResult((0, command is ["systemctl", "show", ..] ? $"MainPID={++_process}\n" : ""));
    }
}
