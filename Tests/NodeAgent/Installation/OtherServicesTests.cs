using System.Text.Json.Nodes;
using RegistryProxy.NodeAgent.Installation.Platforms;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>Image services and providers that are there already, wherever kubelet is told of them.</summary>
public sealed class OtherServicesTests
{
    private const string Soci = "unix:///run/soci-snapshotter-grpc/soci-snapshotter-grpc.sock";

    [Theory]
    [InlineData("eks-soci", Soci)]
    [InlineData("eks-soci-kubelet-config", Soci)]
    [InlineData("kubeadm-stargz", "unix:///run/containerd-stargz-grpc/containerd-stargz-grpc.sock")]
    public async Task The_agent_comes_in_front_and_kubelet_gets_the_other_one_back(string platform, string other)
    {
        using var node = FakeNode.Of(platform);
        Assert.Equal(other, node.Systemd.ImageService);
        Assert.Equal(0, await node.Install("image-service"));
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        Assert.Contains($"endpoint: \"{other}\"", node.Read("/etc/registryproxy/nodeagent.yaml"));
        Assert.Contains($"kubelet's image service was {other}", node.Said.ToString());
        Assert.Equal(0, await node.Install("image-service"));
        Assert.Contains("is in place already", node.Said.ToString());
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Equal(other, node.Systemd.ImageService);
    }

    [Theory]
    [InlineData("eks", "/etc/eks/kubelet/environment", " --image-service-endpoint=unix:///run/other.sock")]
    [InlineData("kubeadm", "/etc/default/kubelet", "KUBELET_EXTRA_ARGS='--image-service-endpoint unix:///run/other.sock'\n")]
    [InlineData("kubeadm", "/var/lib/kubelet/kubeadm-flags.env",
        "; next\nKUBELET_KUBEADM_ARGS=\"--x \\\n --image_service_endpoint=unix:///run/other.sock\"\n")]
    [InlineData("kubeadm", "/etc/systemd/system/kubelet.service.d/20-x.conf",
        "[Service]\nEnvironment=A=1 'KUBELET_EXTRA_ARGS=--v=1 --image-service-endpoint=unix:///run/other.sock'\n")]
    [InlineData("kubeadm", "/etc/systemd/system/kubelet.service.d/20-x.conf",
        "[Service]\nExecStart=\nExecStart=/usr/bin/kubelet --image-service-endpoint unix:///run/other.sock\n")]
    [InlineData("kubeadm", "/etc/systemd/system/kubelet.service.d/20-x.conf",
        "[Service]\nEnvironment=OTHER=run/other.sock\nExecStart=\nExecStart=/usr/bin/kubelet --image-service-endpoint=unix:///${OTHER}\n")]
    public async Task A_flag_is_seen_wherever_it_stands_and_replaced_there(string platform, string file, string added)
    {
        using var node = FakeNode.Of(platform);
        node.Write(file, (File.Exists(node.At(file)) ? node.Read(file) : "") + added);
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.Equal("unix:///run/other.sock", node.Systemd.ImageService);
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task A_drop_in_in_a_folder_below_is_one_that_kubelet_reads()
    {
        using var node = FakeNode.Of("eks-kubelet-config");
        node.Write("/etc/kubernetes/kubelet/config.json.d/90-more/10-other.conf", """{"imageServiceEndpoint": "unix:///run/other.sock"}""");
        node.Systemd.StartKubelet();
        Assert.Equal("unix:///run/other.sock", node.Systemd.ImageService);
        var before = node.Snapshot();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Empty(node.Differences(before));
        Assert.Equal("unix:///run/other.sock", node.Systemd.ImageService);
    }

    [Fact]
    public async Task A_later_drop_in_of_others_comes_before_ours()
    {
        using var node = FakeNode.Of("eks-kubelet-config");
        node.Write("/etc/kubernetes/kubelet/config.json.d/90-other.conf", """{"imageServiceEndpoint": "unix:///run/other.sock"}""");
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.True(File.Exists(node.At("/etc/kubernetes/kubelet/config.json.d/90-other.z-registryproxy.conf")));
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
    }

    [Fact]
    public async Task A_flag_that_no_file_says_is_refused_with_the_reason()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Systemd.KubeletStartsWith = ["--config=/var/lib/kubelet/config.yaml", "--image-service-endpoint=unix:///run/other.sock"];
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"));
        Assert.Contains("kubelet runs with --image-service-endpoint=unix:///run/other.sock, and no file that its unit reads says so",
            refusal.Message);
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task Docker_cannot_stand_before_another_image_service()
    {
        using var node = FakeNode.Of("eks-soci");
        node.Settings = node.Settings.Replace("{ type: cri, endpoint: \"unix:///run/containerd/containerd.sock\" }", "{ type: docker }");
        Assert.Contains("put it behind the agent", (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"))).Message);
    }

    [Fact]
    public async Task A_line_of_others_that_still_names_the_socket_keeps_the_program()
    {
        using var node = FakeNode.Of("eks-kubelet-config");
        Assert.Equal(0, await node.Install("image-service"));
        const string File = "/etc/kubernetes/kubelet/config.json.d/40-nodeadm.conf";
        node.Write(File, node.Read(File)
            .Replace("\"maxPods\"", "\"imageServiceEndpoint\": \"unix:///run/registryproxy/image.sock\",\n    \"maxPods\""));
        Assert.Equal(1, await node.Uninstall("image-service"));
        Assert.Contains($"{File}, line 4: \"imageServiceEndpoint\"", node.Said.ToString());
        Assert.True(System.IO.File.Exists(node.At("/opt/registryproxy/bin/registryproxy-nodeagent")));
        Assert.True(node.Systemd.AgentRuns);
        node.Write(File, "{}");
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Empty(node.Named());
    }

    [Fact]
    public async Task The_last_provider_is_not_taken_out_of_a_list_that_others_need()
    {
        using var node = FakeNode.Of("gke");
        Assert.Equal(0, await node.Install("credential-provider"));
        const string File = "/etc/srv/kubernetes/cri_auth_config.yaml";
        var text = node.Read(File);
        node.Write(File, text[..text.IndexOf("  - name: auth", StringComparison.Ordinal)]
            + text[text.IndexOf("  - name: registry", StringComparison.Ordinal)..]);
        Assert.Equal(1, await node.Uninstall("credential-provider"));
        Assert.Contains("would have no provider left", node.Said.ToString());
        Assert.True(node.Systemd.KubeletRuns);
    }

    [Theory]
    [InlineData("kubeadm")]
    [InlineData("kubeadm-stargz")]
    public async Task A_list_of_ours_that_others_use_by_now_stays_theirs_with_the_flags_that_lead_to_it(string platform)
    {
        using var node = FakeNode.Of(platform);
        Assert.True(await node.Install("credential-provider") == 0, node.Said.ToString());
        const string File = "/etc/kubernetes/registryproxy/credential-provider.yaml";
        node.Write("/opt/registryproxy/plugins/other-provider", "#!/bin/sh\n");
        var ours = node.Read(File);
        var indent = new string(' ',
            ours.Split('\n').First(line => line.TrimStart().StartsWith("- ", StringComparison.Ordinal))
                .TakeWhile(letter => letter == ' ').Count());
        node.Write(File, ours.TrimEnd() + $"""

            {indent}- name: other-provider
            {indent}  matchImages: ["*.other.example"]
            {indent}  defaultCacheDuration: 1h
            {indent}  apiVersion: credentialprovider.kubelet.k8s.io/v1

            """);
        node.Systemd.StartKubelet();
        Assert.True(node.Systemd.KubeletRuns);

        Assert.True(await node.Uninstall("credential-provider") == 0, node.Said.ToString());
        Assert.True(node.Systemd.KubeletRuns);
        Assert.Contains("other-provider", node.Read(File));
        Assert.DoesNotContain("registryproxy-", node.Read(File));
        Assert.Contains($"--image-credential-provider-config={File}", System.IO.File.ReadAllText(node.At("/proc/77/cmdline")));
        Assert.Contains("--image-credential-provider-bin-dir=/opt/registryproxy/plugins",
            System.IO.File.ReadAllText(node.At("/proc/77/cmdline")));
        Assert.False(System.IO.File.Exists(node.At("/opt/registryproxy/bin/registryproxy-nodeagent")));

        // What is theirs is found as such by the next installation.
        Assert.True(await node.Install("credential-provider") == 0, node.Said.ToString());
        Assert.True(await node.Uninstall("credential-provider") == 0, node.Said.ToString());
        Assert.True(node.Systemd.KubeletRuns);
        Assert.Contains("other-provider", node.Read(File));
    }

    [Fact]
    public async Task Doors_that_come_and_go_reach_every_place()
    {
        foreach (var platform in FakeNode.Platforms)
        {
            using var node = FakeNode.Of(platform);
            var before = node.Snapshot();
            Assert.Equal(0, await node.Install("credential-provider"));
            Assert.Equal(2, node.Snapshot().Keys.Count(file => Path.GetFileName(file).StartsWith("registryproxy-credential-provider")));
            node.Settings = node.Settings.Replace("  - { url: \"https://apps.acme.example\", workloads: { authenticator: k8s } }\n", "")
                .Replace("identity:", "hosts: [gcr.io], images: [\"docker.acme.example\", \"gcr.io\"], identity:");
            Assert.Equal(0, await node.Install("credential-provider"));
            Assert.Single(node.Snapshot().Keys, file => Path.GetFileName(file).StartsWith("registryproxy-credential-provider"));
            Assert.Contains(node.Snapshot(),
                file => file.Value.Contains("registryproxy-credential-provider") && file.Value.Contains("gcr.io"));
            Assert.Equal(0, await node.Uninstall("credential-provider"));
            Assert.Empty(node.Differences(before));
        }
    }

    [Fact]
    public async Task What_the_platform_takes_out_at_boot_is_put_in_again_once_and_stays_out_when_people_take_it_out()
    {
        using var node = FakeNode.Of("eks");
        const string File = "/etc/eks/image-credential-provider/config.json";
        var original = node.Read(File);
        Assert.Equal(0, await node.Install("credential-provider"));
        Assert.Contains("ExecStartPre=-/opt/registryproxy/bin/registryproxy-nodeagent reapply",
            node.Read("/etc/systemd/system/kubelet.service.d/50-registryproxy.conf"));
        node.Write(File, original.Replace("12h", "6h"));
        node.Boot();
        var providers = JsonNode.Parse(node.Read(File))!["providers"]!.AsArray();
        Assert.Equal(["ecr-credential-provider", "registryproxy-credential-provider", "registryproxy-credential-provider-2"],
            providers.Select(entry => entry!["name"]!.GetValue<string>()));

        node.Write(File, original);
        new RegistryProxy.NodeAgent.Installation.Applying.Reapplying(node.Host()).Run();
        Assert.Equal(original, node.Read(File));
        Assert.Equal(0, await node.Uninstall("credential-provider"));
        Assert.Equal(original, node.Read(File));
        Assert.Empty(node.Named());
    }

    [Fact]
    public async Task An_image_service_that_the_platform_came_to_name_at_boot_is_not_cut_off()
    {
        using var node = FakeNode.Of("eks");
        using var others = FakeNode.Of("eks-soci");
        const string File = "/etc/kubernetes/kubelet/config.json";
        Assert.Equal(0, await node.Install("image-service"));
        node.Write(File, others.Read(File));
        node.Boot();
        Assert.Equal(Soci, node.Systemd.ImageService);

        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        Assert.Contains(Soci, node.Read("/etc/registryproxy/nodeagent.yaml"));
        node.Write(File, others.Read(File));
        node.Boot();
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Equal(others.Read(File), node.Read(File));
        Assert.Equal(Soci, node.Systemd.ImageService);
    }

    [Theory]
    [InlineData("bottlerocket", "this is Bottlerocket")]
    public void Nodes_that_cannot_be_changed_are_refused(string platform, string reason)
    {
        var roots = Path.Combine(
            new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName, "Tests", "NodeAgent", "Roots", platform);
        Assert.Contains(reason, Assert.Throws<InstallRefusal>(
            () => Platform.Of(null, new RegistryProxy.NodeAgent.Installation.Files.HostFiles(roots))).Message);
    }
}
