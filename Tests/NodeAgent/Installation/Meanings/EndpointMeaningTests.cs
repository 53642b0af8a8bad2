using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Meanings;

/// <summary>What kubelet takes for a socket, and for none, is taken for the same here.</summary>
public sealed class EndpointMeaningTests
{
    private const string Ours = "unix:///run/registryproxy/image.sock";
    private const string Config = "/var/lib/kubelet/config.yaml";
    private const string Installed = "/etc/registryproxy/nodeagent.yaml";
    private const string DropIns = "/etc/kubernetes/kubelet/config.json.d";

    [Theory]
    [InlineData("imageServiceEndpoint: /run/other.sock\n", "")]
    [InlineData("", "--image-service-endpoint=/run/other.sock")]
    [InlineData("", "--image-service-endpoint=unix:/run/other.sock")]
    [InlineData("imageServiceEndpoint: unix:///run/other.sock\n", "")]
    public async Task A_socket_without_scheme_is_put_behind_the_agent_as_the_agent_reads_it(string inFile, string flag)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Config, node.Read(Config) + inFile);
        node.Write("/etc/default/kubelet", $"KUBELET_EXTRA_ARGS={flag}\n");
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        var (settings, errors) = SettingsFile.Parse(node.Read(Installed), Installed);
        Assert.Empty(errors);
        Assert.Equal("/run/other.sock", settings!.Runtime.Socket);
        Assert.Equal(Ours, node.Systemd.ImageService);
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task What_is_no_unix_socket_is_refused_before_anything_is_written()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Config, node.Read(Config) + "imageServiceEndpoint: tcp://127.0.0.1:3735\n");
        var before = node.Snapshot();
        var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service", services: false));
        Assert.Contains("tcp://127.0.0.1:3735", refusal.Message);
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("~")]
    [InlineData("Null")]
    [InlineData("\"\"")]
    [InlineData("")]
    public async Task A_word_for_nothing_is_kubelets_runtime(string word)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Config, $"imageServiceEndpoint: {word}\n{node.Read(Config)}");
        node.Systemd.StartKubelet();
        Assert.Null(node.Systemd.ImageService);
        var original = node.Read(Config);
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal(node.Settings, node.Read(Installed));
        Assert.Equal(Ours, node.Systemd.ImageService);
        await File.AppendAllTextAsync(node.At(Config), "# edited\n", TestContext.Current.CancellationToken);
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Equal(original + "# edited\n", node.Read(Config));
    }

    [Theory]
    [InlineData("{\"imageServiceEndpoint\": \"\"}")]
    [InlineData("{\"imageServiceEndpoint\": null}")]
    [InlineData("imageServiceEndpoint:\n")]
    public async Task A_later_drop_in_that_says_nothing_comes_before_ours(string text)
    {
        using var node = FakeNode.Of("eks-kubelet-config");
        node.Write("/etc/kubernetes/kubelet/config.json", "{\"imageServiceEndpoint\": \"unix:///run/soci.sock\"}");
        node.Write($"{DropIns}/99-off.conf", text);
        node.Systemd.StartKubelet();
        Assert.Null(node.Systemd.ImageService);
        var before = node.Snapshot();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal(Ours, node.Systemd.ImageService);
        Assert.Equal(node.Settings, node.Read(Installed));
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task An_empty_flag_counts_before_the_file()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=\"--v=2 --image-service-endpoint=\"\n");
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.True(await node.Install("image-service", services: false) == 0, node.Said.ToString());
        Assert.True(node.Systemd.Boot());
        Assert.Equal(Ours, node.Systemd.ImageService);
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Empty(node.Differences(before));
    }

    [Theory]
    [InlineData("kubeadm", Config)]
    [InlineData("gke", "/etc/default/kubelet")]
    public async Task Ours_that_somebody_wrote_without_its_scheme_is_taken_out(string platform, string file)
    {
        using var node = FakeNode.Of(platform);
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        node.Write(file, node.Read(file).Replace(Ours, "/run/registryproxy/image.sock", StringComparison.Ordinal));
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.DoesNotContain("registryproxy", node.Read(file));
    }
}
