using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Records;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>k3s and RKE2, whose kubelet is a part of them: credential providers where they look for them, and no more.</summary>
public sealed class RancherTests
{
    private const string Config = "/var/lib/rancher/credentialprovider/config.yaml";
    private const string Target = "credential-provider";

    [Fact]
    public async Task Providers_are_put_where_k3s_looks_and_its_unit_is_restarted_and_watched()
    {
        using var node = FakeNode.Of("k3s");
        var before = node.Snapshot();
        Assert.True(await node.Install(Target) == 0, node.Said.ToString());
        Assert.Contains("registryproxy-credential-provider", node.Read(Config));
        Assert.True(File.Exists(node.At("/var/lib/rancher/credentialprovider/bin/registryproxy-credential-provider")));
        Assert.Contains("systemctl restart --no-block k3s-agent", node.Systemd.Commands);
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
        Assert.Equal(0, await node.Install(Target));
        Assert.Contains("is in place already", node.Said.ToString());
        Assert.Equal(0, await node.Uninstall(Target));
        Assert.Empty(node.Differences(before));
        Assert.True(node.Systemd.KubeletRuns);
    }

    [Theory]
    [InlineData("rke2-server")]
    [InlineData("rke2-agent")]
    public async Task Of_several_units_the_one_that_runs_is_restarted_since_a_start_of_another_would_end_it(string active)
    {
        using var node = WithRke2();
        node.Systemd.Active = [active];
        Assert.True(await node.Install(Target) == 0, node.Said.ToString());
        Assert.Equal(0, await node.Uninstall(Target));
        Assert.Equal(2, node.Systemd.Commands.Count(command => command == $"systemctl restart --no-block {active}"));
        Assert.Equal(2, node.Systemd.Commands.Count(command => command.Contains("restart", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("", "none of the units that run a kubelet is active on this node (rke2-agent, rke2-server)")]
    [InlineData("rke2-agent rke2-server", "rke2-agent and rke2-server are active on this node")]
    public async Task With_none_or_several_that_run_nothing_is_changed_and_files_may_be_put_all_the_same(string active, string reason)
    {
        using var node = WithRke2();
        var before = node.Snapshot();
        node.Systemd.Active = active.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(reason, (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(Target))).Message);
        Assert.Empty(node.Differences(before));
        Assert.DoesNotContain(node.Systemd.Commands, command => command.Contains("restart", StringComparison.Ordinal));
        Assert.Equal(0, await node.Install(Target, services: false));
        Assert.Contains("registryproxy-credential-provider", node.Read(Config));
    }

    [Theory]
    [InlineData("kubeadm")]
    [InlineData("eks")]
    public void A_node_that_merely_has_a_folder_of_Rancher_is_what_it_is(string platform)
    {
        using var node = FakeNode.Of(platform);
        node.Write("/etc/rancher/agent/config.yaml", "workDirectory: /var/lib/rancher/agent/work\n");
        Directory.CreateDirectory(node.At("/var/lib/rancher/rke2"));
        Assert.Equal(platform, Platform.Of(null, node.Host()).Name);
    }

    [Fact]
    public async Task An_RKE2_that_takes_minutes_to_start_is_waited_for()
    {
        using var node = FakeNode.Of("k3s");
        Assert.True(await node.Install(Target) == 0, node.Said.ToString());
        var store = new RecordStore(node.Host());
        store.Write(store.Read() with { IsChanging = true });
        var time = new QuickTime();
        var slow = new SlowUnit(time, TimeSpan.FromSeconds(200));
        var watch = new KubeletWatch(
            node.Host(), new NodeFiles(node.Host(), node.AgentProgram()), slow,
            new WatchTimes(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(60)), time, () => Task.FromResult<string?>(null));
        Assert.Equal(0, await watch.Run(Target, CancellationToken.None));
        Assert.InRange(time.GetUtcNow() - DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(220), TimeSpan.FromSeconds(222));
    }

    private static FakeNode WithRke2()
    {
        var node = FakeNode.Of("k3s");
        File.Delete(node.At("/etc/systemd/system/k3s-agent.service"));
        node.Write("/usr/local/lib/systemd/system/rke2-agent.service", "[Unit]\nConflicts=rke2-server.service\n");
        node.Write("/usr/local/lib/systemd/system/rke2-server.service", "[Unit]\nConflicts=rke2-agent.service\n");
        return node;
    }

    /// <summary>A unit that is active after a while, whoever waits.</summary>
    private sealed class SlowUnit(TimeProvider time, TimeSpan start) : IHostCommands
    {
        private readonly DateTimeOffset _begin = time.GetUtcNow();

        public Task<(int ExitCode, string Words)> Run(params string[] command) => Task.FromResult(
            (command is ["systemctl", "is-active", ..] && time.GetUtcNow() - _begin < start ? 3 : 0, ""));
    }

    /// <summary>Whoever waits has waited.</summary>
    private sealed class QuickTime : TimeProvider
    {
        private DateTimeOffset _now = DateTimeOffset.UnixEpoch;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => _now;

        public override long GetTimestamp() => _now.UtcTicks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _now += dueTime;
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }

    [Fact]
    public async Task Those_of_others_stay()
    {
        const string Others = "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n- name: other\n  matchImages: [\"x.example\"]\n"
            + "  defaultCacheDuration: 1h\n  apiVersion: credentialprovider.kubelet.k8s.io/v1\n";
        using var node = FakeNode.Of("k3s");
        node.Write(Config, Others);
        node.Write("/var/lib/rancher/credentialprovider/bin/other", "#!/bin/sh\n");
        var before = node.Snapshot();
        Assert.True(await node.Install(Target) == 0, node.Said.ToString());
        Assert.Contains("name: other", node.Read(Config));
        Assert.Equal(0, await node.Uninstall(Target));
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task A_k3s_that_does_not_come_up_gets_everything_back()
    {
        using var node = FakeNode.Of("k3s");
        var before = node.Snapshot();
        node.Systemd.KubeletHatesTheAgent = true;
        Assert.Equal(1, await node.Install(Target));
        Assert.Contains("journalctl -u k3s-agent", node.Said.ToString());
        Assert.DoesNotContain(node.Differences(before), file => !file.StartsWith("/var/lib/registryproxy", StringComparison.Ordinal));
        Assert.True(node.Systemd.KubeletRuns);
    }

    [Theory]
    [InlineData("image-service", "run kubelet and its containerd within themselves")]
    [InlineData("containerd-mirror", "registries.yaml")]
    public async Task What_it_has_no_place_for_is_refused_with_the_reason(string target, string reason)
    {
        using var node = FakeNode.Of("k3s");
        var before = node.Snapshot();
        Assert.Contains(reason, (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(target))).Message);
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task Other_places_of_providers_are_not_passed_over()
    {
        using var node = FakeNode.Of("k3s");
        node.Write("/etc/rancher/k3s/config.yaml.d/10-providers.yaml", "image-credential-provider-config: /srv/providers.yaml\n");
        Assert.Contains("10-providers.yaml names other places",
            (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(Target))).Message);
    }

    [Fact]
    public async Task A_run_that_was_killed_anywhere_is_finished_by_the_next()
    {
        for (var step = 0; ; step++)
        {
            using var node = FakeNode.Of("k3s");
            var before = node.Snapshot();
            node.KillBefore(step);
            try
            {
                await node.Install(Target);
                Assert.True(step > 10, "there are so many steps");
                return;
            }
            catch (KilledException)
            {
                Assert.True(await node.Install(Target) == 0, $"{step}: {node.Said}");
                Assert.Equal(0, await node.Uninstall(Target));
                Assert.Empty(node.Differences(before));
            }
        }
    }
}
