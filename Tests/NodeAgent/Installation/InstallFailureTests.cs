using Microsoft.Extensions.Time.Testing;
using RegistryProxy.NodeAgent.Installation.Applying;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Time;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>What does not work is taken back, to what was installed before or to nothing, and is not tried for ever.</summary>
public sealed class InstallFailureTests
{
    [Theory]
    [InlineData("aks", "image-service")]
    [InlineData("aks", "credential-provider")]
    [InlineData("gke", "image-service")]
    [InlineData("gke", "credential-provider")]
    [InlineData("eks-soci", "image-service")]
    [InlineData("kubeadm", "credential-provider")]
    public async Task A_kubelet_that_does_not_stay_up_gets_everything_back_and_is_not_restarted_for_the_same_again(
        string platform, string target)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        node.Systemd.KubeletHatesTheAgent = true;
        Assert.Equal(1, await node.Install(target));
        Assert.Contains("kubelet was not active", node.Said.ToString());
        Assert.True(node.Systemd.KubeletRuns);
        Assert.False(node.Systemd.AgentRuns);
        Assert.Equal(before.Keys, node.Snapshot().Keys.Except(["/var/lib/registryproxy", "/var/lib/registryproxy/install"]));

        node.Systemd.Commands.Clear();
        Assert.Equal(1, await node.Install(target));
        Assert.Contains("kubelet was not restarted", node.Said.ToString());
        Assert.Empty(node.Systemd.Commands);
        node.Systemd.KubeletHatesTheAgent = false;
        Assert.Equal(0, await node.Install(target, retry: true));
        Assert.Equal(0, await node.Uninstall(target));
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task A_kubelet_that_takes_no_notice_is_found_out_and_everything_goes_back()
    {
        using var node = FakeNode.Of("eks-kubelet-config");
        node.Systemd.KubeletStartsWith = ["--config=/etc/kubernetes/kubelet/config.json"];
        Assert.Equal(1, await node.Install("image-service"));
        Assert.Contains("kubelet uses its runtime as image service and not unix:///run/registryproxy/image.sock", node.Said.ToString());
        Assert.Equal(["/var/lib/registryproxy", "/var/lib/registryproxy/install"], node.Named());
        Assert.True(node.Systemd.KubeletRuns);
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Empty(node.Named());
    }

    [Fact]
    public async Task A_kubelet_that_looks_for_programs_elsewhere_is_found_out_and_everything_goes_back()
    {
        using var node = FakeNode.Of("aks");
        string[] programs = ["acr-credential-provider", "registryproxy-credential-provider", "registryproxy-credential-provider-2"];
        foreach (var program in programs)
        {
            node.Write($"/opt/others/{program}", "#!/bin/sh\n");
        }

        var before = node.Snapshot();
        node.Systemd.KubeletStartsWith = ["--image-credential-provider-config=/var/lib/kubelet/credential-provider-config.yaml",
            "--image-credential-provider-bin-dir=/opt/others"];
        Assert.Equal(1, await node.Install("credential-provider"));
        Assert.Contains("kubelet looks for its credential providers in /opt/others and not in /var/lib/kubelet/credential-provider",
            node.Said.ToString());
        Assert.All(
            node.Differences(before), difference => Assert.StartsWith("/var/lib/registryproxy", difference, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("kubeadm", "image-service", "kubelet still uses unix:///run/registryproxy/image.sock")]
    [InlineData("kubeadm", "credential-provider",
        "kubelet still reads its credential providers from /etc/kubernetes/registryproxy/credential-provider.yaml")]
    [InlineData("eks", "image-service", "kubelet still uses unix:///run/registryproxy/image.sock")]
    public async Task A_kubelet_that_still_uses_what_was_taken_away_gets_it_back_and_loses_it_later(
        string platform, string target, string reason)
    {
        using var node = FakeNode.Of(platform);
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install(target));
        var installed = node.Snapshot();
        if (target == "image-service")
        {
            node.Systemd.KubeletStartsWith = ["--image-service-endpoint=unix:///run/registryproxy/image.sock"];
        }

        node.Systemd.KubeletRunsOn = target != "image-service";
        Assert.Equal(1, await node.Uninstall(target));
        Assert.Contains(reason, node.Said.ToString());
        Assert.Equal(installed.Where(Stable), node.Snapshot().Where(Stable));
        Assert.True(node.Systemd.KubeletRuns);
        Assert.Equal(target == "image-service", node.Systemd.AgentRuns);

        (node.Systemd.KubeletStartsWith, node.Systemd.KubeletRunsOn) = (null, false);
        Assert.True(await node.Uninstall(target, retry: true) == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task Of_an_agent_that_does_not_listen_the_socket_is_named()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        Assert.Equal("nothing answers at /nowhere/image.sock; see journalctl -u registryproxy-nodeagent", await time.Passing(
            ImageServiceProbe.Probe("/nowhere/image.sock", time, TestContext.Current.CancellationToken), TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public async Task An_agent_that_does_not_start_leaves_the_one_of_before_and_kubelet_alone()
    {
        using var node = FakeNode.Of("eks");
        Assert.Equal(0, await node.Install("image-service"));
        var installed = node.Snapshot();
        var (settings, program) = (node.Settings, node.Program);
        (node.Settings, node.Program) = (settings.Replace("/run/registryproxy/", "/run/rp2/"), "broken");
        node.Systemd.BadProgram = "broken";
        node.Systemd.Commands.Clear();
        Assert.Equal(1, await node.Install("image-service"));
        Assert.Contains("kubelet was not touched", node.Said.ToString());
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
        Assert.True(node.Systemd.AgentRuns);
        Assert.Equal(installed.Where(Stable), node.Snapshot().Where(Stable));

        (node.Settings, node.Program) = (settings, program);
        Assert.Equal(0, await node.Install("image-service"));
        Assert.Contains("is in place already", node.Said.ToString());
    }

    [Fact]
    public async Task New_settings_that_kubelet_does_not_like_go_back_to_the_ones_of_before()
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install("image-service"));
        var installed = node.Snapshot();
        node.Settings = node.Settings.Replace("/run/registryproxy/", "/run/rp2/");
        node.Systemd.KubeletStartsWith = ["--image-service-endpoint=unix:///run/registryproxy/image.sock"];
        Assert.Equal(1, await node.Install("image-service"));
        Assert.Contains("kubelet uses unix:///run/registryproxy/image.sock and not unix:///run/rp2/image.sock", node.Said.ToString());
        Assert.Equal(installed.Where(Stable), node.Snapshot().Where(Stable));
        Assert.True(node.Systemd.AgentRuns && node.Systemd.KubeletRuns);
    }

    [Fact]
    public async Task An_uninstallation_that_kubelet_does_not_survive_goes_back_with_the_agent_running()
    {
        using var node = FakeNode.Of("eks");
        Assert.Equal(0, await node.Install("credential-provider"));
        var installed = node.Snapshot();
        node.Write("/etc/eks/image-credential-provider/config.json",
            node.Read("/etc/eks/image-credential-provider/config.json").Replace("\"ecr-credential-provider\"", "\"gone\""));
        Assert.Equal(1, await node.Uninstall("credential-provider"));
        Assert.Contains("kubelet was not active", node.Said.ToString());
        Assert.Contains("registryproxy-credential-provider", node.Read("/etc/eks/image-credential-provider/config.json"));
        node.Write("/etc/eks/image-credential-provider/config.json",
            node.Read("/etc/eks/image-credential-provider/config.json").Replace("\"gone\"", "\"ecr-credential-provider\""));
        Assert.Equal(installed.Keys.Where(key => !key.EndsWith(".failed")), node.Snapshot().Keys);
        Assert.True(await node.Uninstall("credential-provider") == 0, node.Said.ToString());
        Assert.Empty(node.Named());
    }

    [Theory]
    [InlineData("kubeadm", "image-service")]
    [InlineData("kubeadm", "credential-provider")]
    [InlineData("eks", "image-service")]
    [InlineData("gke", "credential-provider")]
    [InlineData("aks", "containerd-mirror")]
    public async Task A_file_that_the_node_does_not_let_be_changed_has_everything_put_back(string platform, string target)
    {
        List<string> changes = [];
        using (var probe = FakeNode.Of(platform))
        {
            probe.Denied = what => Noted(changes, what);
            Assert.Equal(0, await probe.Install(target));
        }

        foreach (var change in changes.Where(
            what => what.StartsWith("rename ", StringComparison.Ordinal)
                && !what.Contains("/var/lib/registryproxy/", StringComparison.Ordinal)
                && !what.EndsWith(Reapplying.Marker, StringComparison.Ordinal)).Distinct())
        {
            using var node = FakeNode.Of(platform);
            var before = node.Snapshot();
            var times = 0;
            node.Denied = what => what == change && times++ == 0;
            Assert.True(await node.Install(target) == 1, $"{change}: {node.Said}");
            Assert.Contains("the node does not permit it", node.Said.ToString());
            Assert.All(node.Differences(before),
                difference => Assert.StartsWith("/var/lib/registryproxy", difference, StringComparison.Ordinal));
            Assert.True(node.Systemd.KubeletRuns && !node.Systemd.AgentRuns, change);
            Assert.True(await node.Install(target) == 0, node.Said.ToString());
            Assert.Equal(0, await node.Uninstall(target));
            Assert.Empty(node.Differences(before));
        }
    }

    [Fact]
    public async Task A_file_that_cannot_be_put_back_keeps_the_program_that_it_names_until_it_can()
    {
        using var node = FakeNode.Of("eks");
        var before = node.Snapshot();
        const string File = "/etc/eks/image-credential-provider/config.json";
        var times = 0;
        node.Systemd.KubeletHatesTheAgent = true;
        node.Denied = what => (what == $"rename {File}" || what == $"restore {File}") && times++ > 0;
        Assert.Equal(1, await node.Install("credential-provider"));
        Assert.Contains("kubelet was not active", node.Said.ToString());
        Assert.Contains("not everything could be restored", node.Said.ToString());
        Assert.Contains($"{File} cannot be changed", node.Said.ToString());
        Assert.Contains("registryproxy-credential-provider", node.Read(File));
        Assert.Contains(node.Snapshot().Keys, path => path.EndsWith("/registryproxy-nodeagent", StringComparison.Ordinal));

        (node.Denied, node.Systemd.KubeletHatesTheAgent) = (_ => false, false);
        Assert.True(await node.Uninstall("credential-provider") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
        Assert.True(node.Systemd.KubeletRuns);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    public async Task A_damaged_record_is_said_and_nothing_is_changed(string text)
    {
        using var node = FakeNode.Of("eks");
        Assert.Equal(0, await node.Install("image-service"));
        node.Write("/var/lib/registryproxy/install/node.json", text);
        var installed = node.Snapshot();
        foreach (var run in (Func<Task<int>>[])[() => node.Install("image-service"), () => node.Uninstall("image-service")])
        {
            Assert.Contains("is damaged", (await Assert.ThrowsAsync<IOException>(run)).Message);
            Assert.Empty(node.Differences(installed));
        }
    }

    [Theory]
    [InlineData("systemctl daemon-reload", 1)]
    [InlineData("systemctl restart registryproxy", 1)]
    [InlineData("systemd-run", 1)]
    public async Task A_call_that_fails_is_made_again_by_the_next_run(string call, int exitCode)
    {
        using var node = FakeNode.Of("eks");
        var before = node.Snapshot();
        node.Systemd.FailsOnce = call;
        Assert.Equal(exitCode, await Tried(() => node.Install("image-service")));
        Assert.Equal(0, await node.Install("image-service"));
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        node.Systemd.FailsOnce = call == "systemctl restart registryproxy" ? "systemctl stop" : call;
        Assert.NotEqual(0, await Tried(() => node.Uninstall("image-service")));
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Empty(node.Differences(before));
        Assert.False(node.Systemd.AgentRuns);
    }

    private static bool Noted(List<string> changes, string what)
    {
        changes.Add(what);
        return false;
    }

    private static async Task<int> Tried(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (IOException)
        {
            return 1;
        }
    }

    private static bool Stable(KeyValuePair<string, string> file) =>
        !file.Key.StartsWith("/var/lib/registryproxy", StringComparison.Ordinal);
}
