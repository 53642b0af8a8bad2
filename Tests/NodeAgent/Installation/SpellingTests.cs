using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>What the agent stands in place of comes back as it was written, in a file that somebody edited since, too.</summary>
public sealed class SpellingTests
{
    private const string Config = "/var/lib/kubelet/config.yaml";
    private const string Flags = "/etc/default/kubelet";
    private const string Providers = "--image-credential-provider-bin-dir=/var/lib/kubelet/credential-provider "
        + "--image-credential-provider-config=/var/lib/kubelet/credential-provider-config.yaml";

    [Theory]
    [InlineData("imageServiceEndpoint: 'unix:///run/other.sock' # theirs\nkind: KubeletConfiguration\n")]
    [InlineData("kind: KubeletConfiguration\nimageServiceEndpoint:   \"unix:///run/other.sock\"\n")]
    [InlineData("kind: KubeletConfiguration\nimageServiceEndpoint:\n  unix:///run/other.sock\nx: 1\n")]
    [InlineData("kind: KubeletConfiguration\nimageServiceEndpoint: |\n  unix:///run/other.sock\nx: 1\n")]
    [InlineData("kind: KubeletConfiguration\nimageServiceEndpoint: >-\n  unix:///run/other.sock\nx: 1\n")]
    [InlineData("kind: KubeletConfiguration\nimageServiceEndpoint: \"\"\nx: 1\n")]
    [InlineData("kind: KubeletConfiguration\nimageServiceEndpoint:\nx: 1\n")]
    [InlineData("{\"imageServiceEndpoint\":\"unix:///run/other.sock\"}\n")]
    public async Task In_kubelets_configuration(string text)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Config, text);
        await ShouldComeBack(node, Config, text);
    }

    [Theory]
    [InlineData("KUBELET_FLAGS='--image-service-endpoint=\"unix:///run/other.sock\" PROVIDERS'\n")]
    [InlineData("KUBELET_FLAGS=\"--image_service_endpoint=unix:///run/other.sock PROVIDERS\"\n")]
    [InlineData("KUBELET_FLAGS=\"--v=2 --image-service-endpoint  unix:///run/other.sock PROVIDERS\"\n")]
    [InlineData("KUBELET_FLAGS=\"--image-service-endpoint= PROVIDERS\"\n")]
    public async Task Among_the_flags(string text)
    {
        using var node = FakeNode.Of("aks");
        text = text.Replace("PROVIDERS", Providers, StringComparison.Ordinal);
        node.Write(Flags, text);
        await ShouldComeBack(node, Flags, text);
    }

    [Fact]
    public async Task What_the_file_has_become_may_not_be_written_so()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Config, "kind: KubeletConfiguration\nimageServiceEndpoint: 'unix:///run/other.sock'\n");
        node.Systemd.StartKubelet();
        Assert.Equal(0, await node.Install("image-service"));
        node.Write(Config, "{\"imageServiceEndpoint\": \"unix:///run/registryproxy/image.sock\", \"kind\": \"KubeletConfiguration\"}");
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Equal("{\"imageServiceEndpoint\": \"unix:///run/other.sock\", \"kind\": \"KubeletConfiguration\"}", node.Read(Config));
    }

    private static async Task ShouldComeBack(FakeNode node, string file, string text)
    {
        node.Systemd.StartKubelet();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        Assert.Equal(0, await node.Install("image-service"));
        Assert.Contains("is in place already", node.Said.ToString());
        var edit = text.StartsWith('{') ? "\n" : "# edited\n";
        await File.AppendAllTextAsync(node.At(file), edit, TestContext.Current.CancellationToken);
        Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
        Assert.Equal(text + edit, node.Read(file));
    }
}
