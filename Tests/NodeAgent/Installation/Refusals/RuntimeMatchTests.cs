using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Refusals;

/// <summary>Images must go where kubelet's containers are made, or no new pod starts on the node.</summary>
public sealed class RuntimeMatchTests
{
    private const string Containerd = "runtime: { type: cri, endpoint: \"unix:///run/containerd/containerd.sock\" }";
    private const string Docker = "runtime: { type: docker }";
    private const string Crio = "runtime: { type: cri, endpoint: \"unix:///var/run/crio/crio.sock\" }";

    [Theory]
    [InlineData(Docker, "", "unix:///run/containerd/containerd.sock", "docker at unix:///var/run/docker.sock")]
    [InlineData(Docker, "--container-runtime-endpoint=unix:///var/run/crio/crio.sock", "unix:///var/run/crio/crio.sock",
        "docker at unix:///var/run/docker.sock")]
    [InlineData(Containerd, "--container-runtime-endpoint=unix:///var/run/cri-dockerd.sock", "unix:///var/run/cri-dockerd.sock",
        "unix:///run/containerd/containerd.sock")]
    [InlineData(Containerd, "--container-runtime-endpoint=unix:///run/crio/crio.sock", "unix:///run/crio/crio.sock",
        "unix:///run/containerd/containerd.sock")]
    [InlineData(Crio, "", "unix:///run/containerd/containerd.sock", "unix:///var/run/crio/crio.sock")]
    public async Task Another_runtime_than_kubelets_is_refused_and_both_are_named(string runtime, string flag, string used, string named)
    {
        foreach (var services in (bool[])[true, false])
        {
            using var node = Node(runtime, flag);
            var before = node.Snapshot();
            var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service", services));
            Assert.Contains($"kubelet runs its containers by {used}, and the settings name {named}:", refusal.Message);
            Assert.Empty(node.Differences(before));
        }
    }

    [Theory]
    [InlineData(Docker, "--container-runtime-endpoint=unix:///var/run/cri-dockerd.sock")]
    [InlineData(Containerd, "--container-runtime-endpoint=/var/run/containerd/containerd.sock")]
    [InlineData(Crio, "--container-runtime-endpoint unix:///run/crio/crio.sock")]
    public async Task Kubelets_own_is_taken_however_it_is_written(string runtime, string flag)
    {
        using var node = Node(runtime, flag);
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
    }

    [Theory]
    [InlineData("unix:///run/containerd-stargz-grpc/containerd-stargz-grpc.sock")]
    [InlineData("unix:///run/soci-snapshotter-grpc/soci-snapshotter-grpc.sock")]
    public async Task An_image_service_that_pulls_for_it_is_none_of_another_runtime(string endpoint)
    {
        using var node = Node($"runtime: {{ type: cri, endpoint: \"{endpoint}\" }}", "");
        Assert.True(await node.Install("image-service", services: false) == 0, node.Said.ToString());
    }

    [Theory]
    [InlineData(Crio)]
    [InlineData(Docker)]
    public async Task Before_a_node_has_joined_nobody_knows_its_runtime(string runtime)
    {
        using var node = Node(runtime, "");
        Directory.Delete(node.At("/proc"), recursive: true);
        File.Delete(node.At("/var/lib/kubelet/config.yaml"));
        File.Delete(node.At("/var/lib/kubelet/kubeadm-flags.env"));
        Assert.True(await node.Install("image-service", services: false) == 0, node.Said.ToString());
    }

    [Fact]
    public async Task What_kubelets_files_say_counts()
    {
        using var node = Node(Containerd, "");
        const string File = "/var/lib/kubelet/config.yaml";
        node.Write(File, node.Read(File).Replace("containerRuntimeEndpoint: \"\"", "containerRuntimeEndpoint: unix:///run/crio/crio.sock"));
        Assert.Contains("by unix:///run/crio/crio.sock,",
            (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"))).Message);
    }

    [Fact]
    public async Task No_mirror_of_containerd_is_set_up_where_kubelet_uses_none()
    {
        using var node = Node(Containerd, "--container-runtime-endpoint=unix:///var/run/crio/crio.sock");
        var before = node.Snapshot();
        Assert.Contains("no mirror of containerd would be used",
            (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("containerd-mirror"))).Message);
        Assert.Empty(node.Differences(before));
    }

    private static FakeNode Node(string runtime, string flag)
    {
        var node = FakeNode.Of("kubeadm");
        node.Settings = node.Settings.Replace(Containerd, runtime);
        node.Write("/etc/default/kubelet", $"KUBELET_EXTRA_ARGS={flag}\n");
        node.Systemd.StartKubelet();
        return node;
    }
}
