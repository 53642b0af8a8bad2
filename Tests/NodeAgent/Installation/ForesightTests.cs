using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>What kubelet would not read, or not start with, is refused before anything is written, with services and without.</summary>
public sealed class ForesightTests
{
    private const string DropIn = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_flags_in_a_variable_that_is_handed_on_as_one_word_are_refused(bool services)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(DropIn, node.Read(DropIn).Replace("$KUBELET_EXTRA_ARGS", "${KUBELET_EXTRA_ARGS}"));
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("credential-provider", services));
        Assert.Contains("where ${VARIABLE} is one word", refusal.Message);
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData("/etc/systemd/system/snap.microk8s.daemon-kubelite.service",
        "[Service]\nExecStart=/usr/bin/snap run microk8s.daemon-kubelite\n")]
    [InlineData("/etc/systemd/system/k0sworker.service", "[Service]\nExecStart=/usr/local/bin/k0s worker\n")]
    [InlineData("/etc/systemd/system/kubelet.service", "[Service]\nExecStart=/bin/sh -c \"exec /usr/bin/kubelet $KUBELET_EXTRA_ARGS\"\n")]
    public async Task Where_no_unit_is_known_to_start_a_kubelet_no_flags_are_written(string unit, string text)
    {
        using var node = FakeNode.Of("kubeadm");
        foreach (var file in (string[])["/usr/lib/systemd/system/kubelet.service", DropIn])
        {
            File.Delete(node.At(file));
        }

        Directory.Delete(node.At("/proc"), recursive: true);
        node.Write(unit, text);
        var before = node.Snapshot();
        var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("credential-provider", services: false));
        Assert.Contains("no unit of this node starts a kubelet", refusal.Message);
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task A_kubelet_that_another_program_starts_is_seen()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(DropIn, node.Read(DropIn).Replace(
            "ExecStart=/usr/bin/kubelet", "ExecStart=/usr/local/bin/wrapper \\\n   /usr/bin/kubelet"));
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.True(await node.Install("credential-provider") == 0, node.Said.ToString());
        Assert.Contains("--image-credential-provider-config", await File.ReadAllTextAsync(node.At("/proc/77/cmdline"),
            TestContext.Current.CancellationToken));
        Assert.Equal(0, await node.Uninstall("credential-provider"));
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData("/etc/systemd/system/k3s-agent.service.d/10-flags.conf",
        "[Service]\nExecStart=\nExecStart=/usr/local/bin/k3s agent --image-credential-provider-config=/etc/x.yaml\n")]
    [InlineData("/etc/default/k3s-agent", "ARGS=--image-credential-provider-bin-dir=/x\n")]
    [InlineData("/usr/local/lib/systemd/system/rke2-agent.env", "ARGS=--image-credential-provider-bin-dir=/x\n")]
    [InlineData("/etc/rancher/k3s/config.yaml.d/9.yaml", "kubelet-arg+:\n- \"image_credential_provider_config=/x\"\n")]
    public async Task Other_places_of_providers_are_seen_wherever_k3s_is_told_them(string file, string text)
    {
        using var node = FakeNode.Of("k3s");
        node.Write(file, text);
        var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("credential-provider"));
        Assert.Contains($"{file} names other places of credential providers", refusal.Message);
        node.Write(file, $"# {text.Replace("\n", "\n# ")}\n");
        Assert.True(await node.Install("credential-provider") == 0, node.Said.ToString());
    }

    [Fact]
    public void OpenShift_is_told_to_use_a_MachineConfig()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write("/etc/machine-config-daemon/currentconfig", "{}");
        Assert.Contains("MachineConfig", Assert.Throws<InstallRefusal>(() => Platform.Of(null, node.Host())).Message);
    }
}
