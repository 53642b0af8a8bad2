using System.Text.Json.Nodes;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.NodeAgent;

/// <summary>Installations on roots that look like nodes of each platform.</summary>
public sealed class InstallTests(Lab lab)
{
    private const string Settings = """
        listen: unix:///run/registryproxy/image.sock
        stateDir: /var/lib/registryproxy
        runtime: { type: cri, endpoint: "unix:///run/containerd/containerd.sock" }
        frontDoors:
          - { url: "https://docker.acme.example", identity: { type: aws-sts, authenticator: nodes } }
          - { url: "https://apps.acme.example", workloads: { authenticator: k8s } }
        mirror: { listen: "http://127.0.0.1:5005", frontDoors: { gcr.io: "https://docker.acme.example" } }
        """;

    private const string EksProviders =
        """{"apiVersion":"kubelet.config.k8s.io/v1","kind":"CredentialProviderConfig","providers":[{"name":"ecr-credential-provider","matchImages":["*.dkr.ecr.*.amazonaws.com"],"defaultCacheDuration":"12h","apiVersion":"credentialprovider.kubelet.k8s.io/v1"}]}""";

    private const string YamlProviders = """
        # written by the platform
        kind: CredentialProviderConfig
        apiVersion: kubelet.config.k8s.io/v1
        providers:
          - name: platform-provider
            apiVersion: credentialprovider.kubelet.k8s.io/v1
            matchImages:
              - "*.azurecr.io"
            args: ["get-credentials"]
            defaultCacheDuration: 10m
        # the end

        """;

    private const string ContainerdConfig =
        "[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n";

    /// <summary>What nodes of each platform have, by their paths.</summary>
    internal static readonly Dictionary<string, (string, string)[]> Nodes = new()
    {
        ["kubeadm"] = [("/var/lib/kubelet/config.yaml",
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nclusterDomain: cluster.local\n"),
                ("/etc/containerd/config.toml", ContainerdConfig),
                ("/usr/lib/systemd/system/kubelet.service", "[Service]\nEnvironmentFile=-/etc/default/kubelet\n"
                    + "ExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml $KUBELET_EXTRA_ARGS\n")],
        ["eks"] =
        [
            ("/etc/kubernetes/kubelet/config.json.d/40-nodeadm.conf", """{"kind":"KubeletConfiguration"}"""),
            ("/etc/eks/image-credential-provider/config.json", EksProviders),
            ("/etc/containerd/config.toml", ContainerdConfig), ("/etc/containerd/certs.d/gcr.io/hosts.toml",
                "server = \"https://gcr.io\"\n[host.\"https://other.example\"]\n  capabilities = [\"pull\"]\n"),
        ],
        ["gke"] =
        [
            ("/etc/default/kubelet", "KUBELET_OPTS=\"--v=2 --cloud-provider=external\"\nKUBE_COVERAGE=\"\"\n"),
            ("/home/kubernetes/bin/kubelet", "\u007fELF image-service-endpoint json:\"cacheType\""),
            ("/etc/srv/kubernetes/cri_auth_config.yaml", YamlProviders), ("/etc/containerd/config.toml",
                ContainerdConfig),
        ],
        ["aks"] =
        [
            ("/etc/kubernetes/azure.json", "{}"), ("/etc/default/kubelet", "KUBELET_FLAGS=--v=2\n"), ("/usr/local/bin/kubelet",
                "\u007fELF image-service-endpoint json:\"cacheType\""),
            ("/var/lib/kubelet/credential-provider-config.yaml", YamlProviders), ("/etc/containerd/config.toml",
                ContainerdConfig),
            ("/root/.docker/config.json", """{"auths":{"x.example":{}}}"""),
        ],
    };

    public static TheoryData<string, string> Everything =>
        [.. Nodes.Keys.SelectMany(platform => NodeTargets.Select(target => (platform, target)))];

    private static readonly string[] NodeTargets = ["image-service", "credential-provider", "containerd-mirror", "docker-helper"];

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_dry_run_changes_nothing_an_installation_is_idempotent_and_its_end_leaves_every_byte_as_it_was(
        string platform, string target)
    {
        await using var node = await NodeRoot.Create(Settings, Nodes[platform]);
        var before = node.Snapshot();
        var shown = await node.Run("install", target, "--dry-run");
        shown.ShouldSucceed();
        Assert.Contains("+++ /etc/registryproxy/nodeagent.yaml", shown.Output);
        Assert.Equal(before, node.Snapshot());
        Assert.False(Directory.Exists(node.At("/var/lib/registryproxy")));

        (await node.Run("install", target, "--files-only")).ShouldSucceed();
        await ShouldBeInstalled(node, platform, target);
        var installed = node.Snapshot();
        var again = await node.Run("install", target, "--files-only");
        Assert.Contains("is in place already", again.Output);
        Assert.Equal(installed, node.Snapshot());

        (await node.Run("uninstall", target, "--files-only")).ShouldSucceed();
        Assert.Equal(before, node.Snapshot());
        Assert.Contains("is not installed", (await node.Run("uninstall", target, "--files-only")).Output);
        Assert.Empty(node.Commands);
    }

    [Fact]
    public async Task Targets_share_files_and_what_others_changed_meanwhile_stays()
    {
        await using var node = await NodeRoot.Create(Settings, Nodes["eks"]);
        (await node.Run("install", "image-service", "--files-only")).ShouldSucceed();
        (await node.Run("install", "containerd-mirror", "--files-only")).ShouldSucceed();
        (await node.Run("install", "credential-provider", "--files-only")).ShouldSucceed();
        var hosts = node.At("/etc/containerd/certs.d/gcr.io/hosts.toml");
        await File.AppendAllTextAsync(hosts, "# of others\n");
        var providers = node.At("/etc/eks/image-credential-provider/config.json");
        await File.WriteAllTextAsync(providers, (await File.ReadAllTextAsync(providers)).Replace("12h", "6h"));

        (await node.Run("uninstall", "image-service", "--files-only")).ShouldSucceed();
        Assert.True(File.Exists(node.At("/opt/registryproxy/bin/registryproxy-nodeagent")));
        Assert.True(File.Exists(node.At("/etc/systemd/system/registryproxy-nodeagent.service")));
        (await node.Run("uninstall", "containerd-mirror", "--files-only")).ShouldSucceed();
        (await node.Run("uninstall", "credential-provider", "--files-only")).ShouldSucceed();
        Assert.Equal("server = \"https://gcr.io\"\n[host.\"https://other.example\"]\n  capabilities = [\"pull\"]\n# of others\n",
            await File.ReadAllTextAsync(hosts));
        Assert.Contains("6h", await File.ReadAllTextAsync(providers));
        Assert.DoesNotContain("registryproxy", await File.ReadAllTextAsync(providers));
        Assert.False(Path.Exists(node.At("/opt/registryproxy/bin/registryproxy-nodeagent")));
    }

    [Fact]
    public async Task The_authority_of_a_front_door_comes_along_and_goes_again()
    {
        await using var node = await NodeRoot.Create(
            Settings.Replace("url: \"https://docker.acme.example\"", "url: \"https://docker.acme.example\", ca: ca.crt"), Nodes["kubeadm"]);
        (await node.Run("install", "docker-helper", "--files-only")).ShouldFail("ca.crt cannot be read as certificates in PEM");

        var authority = TestCertificates.Authority("door").ExportCertificatePem();
        node.Beside("ca.crt", authority);
        var before = node.Snapshot();
        Assert.Contains("+++ /etc/registryproxy/ca.crt", (await node.Run("install", "docker-helper", "--dry-run")).Output);
        (await node.Run("install", "docker-helper", "--files-only")).ShouldSucceed();
        Assert.Equal(authority, await node.Read("/etc/registryproxy/ca.crt"));
        (await node.Run("uninstall", "docker-helper", "--files-only")).ShouldSucceed();
        Assert.Equal(before, node.Snapshot());
    }

    [Theory]
    [InlineData("gke", "/home/kubernetes/bin/kubelet", "\u007fELF", "does not know --image-service-endpoint any more")]
    [InlineData("gke", "/etc/default/kubelet", "OTHER=1\n", "has no KUBELET_OPTS")]
    public async Task A_node_that_cannot_be_changed_safely_is_refused_with_the_reason(
        string platform, string file, string text, string reason)
    {
        await using var node = await NodeRoot.Create(Settings, [.. Nodes[platform].Where(known => known.Item1 != file), (file, text)]);
        var before = node.Snapshot();
        (await node.Run("install", "image-service", "--files-only")).ShouldFail(reason);
        Assert.Equal(before, node.Snapshot());
    }

    [Fact]
    public async Task An_image_service_that_kubelet_used_already_comes_behind_the_agent()
    {
        var settings = Settings.Replace("/run/containerd/containerd.sock", "/run/soci.sock");
        await using var node = await NodeRoot.Create(
            settings, [.. Nodes["eks"],
                ("/etc/kubernetes/kubelet/config.json.d/41-soci.conf",
                    """{"kind":"KubeletConfiguration","imageServiceEndpoint": "unix:///run/soci.sock"}""")]);
        (await node.Run("install", "image-service", "--files-only")).ShouldSucceed();
        Assert.Contains("imageServiceEndpoint: unix:///run/registryproxy/image.sock",
            await node.Read("/etc/kubernetes/kubelet/config.json.d/50-registryproxy.conf"));
    }

    [Fact]
    public async Task The_agent_serves_before_kubelet_is_touched_and_a_kubelet_that_does_not_stay_up_gets_everything_back()
    {
        var settings = Settings.Replace("http://127.0.0.1:5005", "http://127.0.0.1:0");
        await using var node = await NodeRoot.Create(settings, Nodes["kubeadm"]);
        Directory.CreateDirectory(node.At("/run/containerd"));
        (await Shell.Run("ln", [(await lab.Containerd).Socket, node.At("/run/containerd/containerd.sock")])).ShouldSucceed();
        var before = node.Snapshot();
        var installed = await node.Run("install", "image-service");
        installed.ShouldSucceed();
        Assert.Contains("image-service is installed", installed.Output);
        Assert.Contains("every pod of this node can use the images", installed.Output);
        Assert.Equal(
            ["is-active --quiet registryproxy-nodeagent", "show --property=LoadState,ActiveState,ActiveEnterTimestampMonotonic kubelet",
                "show --property=LoadState,ActiveState,ActiveEnterTimestampMonotonic kubelet", "daemon-reload",
                "enable registryproxy-nodeagent", "restart registryproxy-nodeagent", "daemon-reload", "restart kubelet",
                "is-active --quiet kubelet"], node.Commands.Take(9));
        (await node.Run("uninstall", "image-service")).ShouldSucceed();
        Assert.Equal(before, node.Snapshot());
        Assert.EndsWith("stop registryproxy-nodeagent", string.Join('\n', node.Commands));

        node.Break("broken-kubelet");
        (await node.Run("install", "image-service")).ShouldFail(
            "kubelet was not active for 1 s within 3 s, so everything was put back as it was");
        Assert.Equal(before, node.Snapshot());
        Assert.Equal(["restart kubelet", "daemon-reload", "stop registryproxy-nodeagent"], node.Commands[^3..]);
    }

    [Fact]
    public async Task An_agent_that_does_not_serve_leaves_kubelet_alone()
    {
        await using var node = await NodeRoot.Create(Settings.Replace("http://127.0.0.1:5005", "http://127.0.0.1:0"), Nodes["kubeadm"]);
        var before = node.Snapshot();
        node.Break("no-agent");
        (await node.Run("install", "image-service")).ShouldFail("everything was put back and kubelet was not touched");
        Assert.Equal(before, node.Snapshot());
        Assert.DoesNotContain("restart kubelet", node.Commands);
    }

    private static async Task ShouldBeInstalled(NodeRoot node, string platform, string target)
    {
        var program = platform == "gke" ? "/home/kubernetes/bin/registryproxy-nodeagent" : "/opt/registryproxy/bin/registryproxy-nodeagent";
        Assert.True(File.Exists(node.At(program)));
        switch (platform, target)
        {
            case ("kubeadm", "image-service"):
                Assert.StartsWith("imageServiceEndpoint: unix:///run/registryproxy/image.sock\napiVersion:",
                    await node.Read("/var/lib/kubelet/config.yaml"));
                Assert.Contains("Before=kubelet.service", await node.Read("/etc/systemd/system/registryproxy-nodeagent.service"));
                break;
            case ("gke", "image-service"):
                Assert.Equal(
                    "KUBELET_OPTS=\"--v=2 --cloud-provider=external " +
                    "--image-service-endpoint=unix:///run/registryproxy/image.sock\"\nKUBE_COVERAGE=\"\"\n",
                        await node.Read("/etc/default/kubelet"));
                Assert.Contains("ProtectHome=read-only", await node.Read("/etc/systemd/system/registryproxy-nodeagent.service"));
                break;
            case ("aks", "image-service"):
                Assert.Equal("KUBELET_FLAGS=--v=2 --image-service-endpoint=unix:///run/registryproxy/image.sock\n",
                    await node.Read("/etc/default/kubelet"));
                break;
            case ("kubeadm", "credential-provider"):
                Assert.Contains("--image-credential-provider-bin-dir=/opt/registryproxy/plugins", await node.Read("/etc/default/kubelet"));
                Assert.Contains("serviceAccountTokenAudience: \"apps.acme.example\"",
                    await node.Read("/etc/kubernetes/registryproxy/credential-provider.yaml"));
                Assert.True(File.Exists(node.At("/opt/registryproxy/plugins/registryproxy-credential-provider")));
                Assert.True(File.Exists(node.At("/opt/registryproxy/plugins/registryproxy-credential-provider-2")));
                break;
            case ("eks", "credential-provider"):
                var providers = JsonNode.Parse(await node.Read("/etc/eks/image-credential-provider/config.json"))!["providers"]!.AsArray();
                Assert.Equal(["ecr-credential-provider", "registryproxy-credential-provider", "registryproxy-credential-provider-2"],
                    providers.Select(provider => provider!["name"]!.GetValue<string>()));
                Assert.Equal("apps.acme.example", providers[2]!["tokenAttributes"]!["serviceAccountTokenAudience"]!.GetValue<string>());
                break;
            case (_, "credential-provider"):
                var yaml = await node.Read(
                    platform == "gke" ? "/etc/srv/kubernetes/cri_auth_config.yaml" : "/var/lib/kubelet/credential-provider-config.yaml");
                Assert.StartsWith(YamlProviders[..YamlProviders.IndexOf("# the end", StringComparison.Ordinal)]
                    + "  - name: registryproxy-credential-provider\n    matchImages: [\"docker.acme.example\"]\n", yaml);
                Assert.EndsWith("      requireServiceAccount: true\n# the end\n", yaml);
                break;
            case (_, "containerd-mirror"):
                var hosts = await node.Read("/etc/containerd/certs.d/gcr.io/hosts.toml");
                Assert.StartsWith("server = \"https://gcr.io\"\n", hosts);
                Assert.Contains("[host.\"http://127.0.0.1:5005\"]\n  capabilities = [\"pull\", \"resolve\"]\n", hosts);
                Assert.Contains(await node.Read("/var/lib/registryproxy/mirror-secret"), hosts);
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
                    File.GetUnixFileMode(node.At("/etc/containerd/certs.d/gcr.io/hosts.toml")));
                break;
            case (_, "docker-helper"):
                Assert.Equal("registryproxy",
                    JsonNode.Parse(await node.Read(
                        "/root/.docker/config.json"))!["credHelpers"]!["docker.acme.example"]!.GetValue<string>());
                Assert.True(File.Exists(node.At("/usr/local/bin/docker-credential-registryproxy")));
                break;
        }
    }
}
