using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>What containerd knew of a registry before counts beside the mirror, and whoever else names the mirror keeps it.</summary>
public sealed class MirrorFilesTests
{
    private const string Target = "containerd-mirror";
    private const string Folder = "/etc/containerd/certs.d";
    private const string Config = "/etc/containerd/config.toml";

    [Fact]
    public async Task Certificates_that_containerd_found_in_the_folder_are_named_in_the_file_that_hides_them()
    {
        using var node = FakeNode.Of("kubeadm");
        foreach (var name in (string[])["ca.crt", "node.cert", "node.key", "lonely.cert"])
        {
            node.Write($"/etc/docker/certs.d/gcr.io/{name}", name);
        }

        var before = node.Snapshot();
        Assert.True(await node.Install(Target) == 0, node.Said.ToString());
        Assert.StartsWith(
            "server = \"https://gcr.io\"\nca = [\"ca.crt\"]\nclient = [[\"node.cert\", \"node.key\"]]\n\n# registryproxy: begin\n",
            node.Read("/etc/docker/certs.d/gcr.io/hosts.toml"));
        await ShouldBeInPlace(node);
        await File.AppendAllTextAsync(node.At("/etc/docker/certs.d/gcr.io/hosts.toml"), "\n", TestContext.Current.CancellationToken);
        Assert.Equal(0, await node.Uninstall(Target));
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task The_hosts_that_count_for_every_registry_go_on_to_count()
    {
        const string Hosts = "[host.\"https://internal.example\"]\n  capabilities = [\"pull\"]\n";
        using var node = FakeNode.Of("kubeadm");
        node.Write($"{Folder}/_default/hosts.toml", Hosts);
        node.Write("/etc/docker/certs.d/gcr.io/ca.crt", "");
        var before = node.Snapshot();
        Assert.True(await node.Install(Target) == 0, node.Said.ToString());
        foreach (var registry in (string[])["docker.io", "gcr.io"])
        {
            var text = node.Read($"{Folder}/{registry}/hosts.toml");
            Assert.StartsWith("# registryproxy: begin\n", text);
            Assert.EndsWith($"# registryproxy: end\n{Hosts}", text);
        }

        await ShouldBeInPlace(node);
        Assert.Equal(0, await node.Uninstall(Target));
        Assert.Empty(node.Differences(before));

        node.Write($"{Folder}/_default/hosts.toml", $"{Hosts}  ca = [ \"ca.crt\" ]\n");
        Assert.Contains("relative paths", (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(Target))).Message);
        node.Write($"{Folder}/_default/hosts.toml", $"{Hosts}  ca = \"/etc/ssl/a/ca.crt\"\n");
        Assert.Equal(0, await node.Install(Target));
    }

    [Theory]
    [InlineData("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nregistry.config_path = \"/etc/containerd/certs.d\"\n")]
    [InlineData("version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nregistry = { config_path = \"/etc/containerd/certs.d\" }\n")]
    [InlineData("version = 2\nplugins.\"io.containerd.grpc.v1.cri\".registry.config_path = \"/etc/containerd/certs.d\"\n")]
    [InlineData("version = 2\n[plugins]\n[plugins.'io.containerd.grpc.v1.cri'.'registry']\nconfig_path = '/etc/containerd/certs.d'\n")]
    public async Task The_folder_is_found_whichever_way_it_is_written(string text)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Config, text);
        Assert.True(await node.Install(Target) == 0, node.Said.ToString());
        Assert.True(File.Exists(node.At($"{Folder}/gcr.io/hosts.toml")));
        Assert.DoesNotContain("note:", node.Said.ToString());
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("[plugins.\"io.containerd.cri.v1.images\"]\nuse_local_image_pull = true\n", false)]
    [InlineData("[plugins.\"io.containerd.cri.v1.images\"]\ndiscard_unpacked_layers = true\n", false)]
    [InlineData("[plugins.\"io.containerd.cri.v1.images\"]\nuse_local_image_pull = false\n", true)]
    public async Task A_list_of_folders_that_containerd_may_not_read_is_told(string more, bool isTold)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Config, node.Read(Config) + more);
        Assert.Equal(0, await node.Install(Target));
        Assert.Equal(isTold, node.Said.ToString().Contains("unless use_local_image_pull = true"));
    }

    [Fact]
    public async Task Mirrors_of_the_old_form_are_not_to_be_left_beside_a_folder()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(
            Config, "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = [\"https://m\"]\n");
        Assert.Contains("containerd does not start with both",
            (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(Target))).Message);
    }

    [Fact]
    public async Task A_file_of_somebody_else_that_names_the_mirror_keeps_it()
    {
        const string Copy = $"{Folder}/quay.io/hosts.toml";
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install(Target));
        node.Write(Copy, node.Read($"{Folder}/docker.io/hosts.toml"));
        Assert.Equal(1, await node.Uninstall(Target));
        Assert.Contains($"{Copy}, line 4: [host.\"http://127.0.0.1:5005\"] — take this line out", node.Said.ToString());
        Assert.True(node.Systemd.AgentRuns);
        File.Delete(node.At(Copy));
        Assert.Equal(0, await node.Uninstall(Target));
    }

    [Theory]
    [InlineData("/root/.docker/config.json", "{\n  \"credsStore\": \"registryproxy\"\n}\n")]
    [InlineData("/root/.config/containers/auth.json", "{\n  \"credHelpers\": { \"x.example\": \"registryproxy\" }\n}\n")]
    public async Task A_helper_that_somebody_else_calls_stays(string file, string text)
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install("docker-helper"));
        node.Write(file, text);
        Assert.Equal(1, await node.Uninstall("docker-helper"));
        Assert.Contains($"{file}, line 2: ", node.Said.ToString());
        Assert.True(File.Exists(node.At("/usr/local/bin/docker-credential-registryproxy")));
        node.Write(file, "{}\n");
        Assert.Equal(0, await node.Uninstall("docker-helper"));
    }

    private static async Task ShouldBeInPlace(FakeNode node)
    {
        Assert.Equal(0, await node.Install(Target));
        Assert.Contains("is in place already", node.Said.ToString());
    }
}
