using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>What people do to a node while the agent is installed is theirs: modes, their own settings, files that they emptied.</summary>
public sealed class PeoplesWorkTests
{
    private const string Settings = "/etc/registryproxy/nodeagent.yaml";
    private const UnixFileMode Hardened = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Theory]
    [InlineData("kubeadm", "image-service", "/var/lib/kubelet/config.yaml")]
    [InlineData("kubeadm", "image-service", "/etc/systemd/system/kubelet.service.d/50-registryproxy.conf")]
    [InlineData("eks-kubelet-config", "image-service", "/etc/kubernetes/kubelet/config.json.d/50-registryproxy.conf")]
    [InlineData("aks", "credential-provider", "/var/lib/kubelet/credential-provider-config.yaml")]
    public async Task A_mode_that_somebody_set_stays_and_restarts_nothing(string platform, string target, string file)
    {
        using var node = FakeNode.Of(platform);
        var wasThere = File.Exists(node.At(file));
        Assert.Equal(0, await node.Install(target));
        File.SetUnixFileMode(node.At(file), Hardened);
        node.Systemd.Commands.Clear();
        Assert.Equal(0, await node.Install(target));
        Assert.DoesNotContain(node.Systemd.Commands, command => command.Contains("restart"));
        Assert.Equal(Hardened, File.GetUnixFileMode(node.At(file)));

        node.Settings = node.Settings.Replace("/run/registryproxy/", "/run/rp2/");
        Assert.Equal(0, await node.Install(target));
        Assert.Equal(Hardened, File.GetUnixFileMode(node.At(file)));
        Assert.Equal(0, await node.Uninstall(target));
        Assert.Equal(wasThere, File.Exists(node.At(file)));
        if (wasThere)
        {
            Assert.Equal(Hardened, File.GetUnixFileMode(node.At(file)));
        }
    }

    [Fact]
    public async Task A_file_that_was_for_root_alone_because_of_a_secret_has_its_mode_again_even_when_it_was_edited()
    {
        const string Hosts = "/etc/containerd/certs.d/gcr.io/hosts.toml";
        using var node = FakeNode.Of("eks");
        var mode = File.GetUnixFileMode(node.At(Hosts));
        Assert.Equal(0, await node.Install("containerd-mirror"));
        Assert.Equal(Hardened, File.GetUnixFileMode(node.At(Hosts)));
        await File.AppendAllTextAsync(node.At(Hosts), "# reviewed\n");
        Assert.Equal(0, await node.Uninstall("containerd-mirror"));
        Assert.NotEqual(Hardened, mode);
        Assert.Equal(mode, File.GetUnixFileMode(node.At(Hosts)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Settings_that_somebody_wrote_where_the_agent_reads_them_stay_as_they_were_edited_last(bool again)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Write(Settings, node.Settings);
        Assert.Equal(0, await node.Install("credential-provider"));
        var edited = node.Settings = $"{node.Settings}# edited\n";
        node.Write(Settings, edited);
        Assert.Equal(0, again ? await node.Install("credential-provider") : 0);
        Assert.Equal(0, await node.Uninstall("credential-provider"));
        Assert.Equal(edited, node.Read(Settings));
        File.Delete(node.At(Settings));

        node.Write(Settings, edited);
        Assert.Equal(0, await node.Install("credential-provider"));
        File.Delete(node.At(Settings));
        Assert.Equal(0, await node.Uninstall("credential-provider"));
        Assert.False(File.Exists(node.At(Settings)));
    }

    [Theory]
    [InlineData("kubeadm", "image-service", "/var/lib/kubelet/config.yaml", "")]
    [InlineData("kubeadm", "image-service", "/var/lib/kubelet/config.yaml", "# all gone\n\n")]
    [InlineData("eks-kubelet-config", "image-service", "/etc/kubernetes/kubelet/config.json.d/50-registryproxy.conf", "# off\n")]
    [InlineData("aks", "docker-helper", "/root/.docker/config.json", "\n")]
    [InlineData("eks", "docker-helper", "/root/.docker/config.json", "")]
    [InlineData("k3s", "credential-provider", "/var/lib/rancher/credentialprovider/config.yaml", "")]
    [InlineData("k3s", "credential-provider", "/var/lib/rancher/credentialprovider/config.yaml", "# providers:\n")]
    [InlineData("eks", "containerd-mirror", "/etc/containerd/certs.d/gcr.io/hosts.toml", "")]
    [InlineData("aks", "image-service", "/etc/default/kubelet", "# gone\n")]
    public async Task A_file_that_somebody_emptied_has_nothing_of_ours_and_holds_nothing_up(
        string platform, string target, string file, string text)
    {
        using var node = FakeNode.Of(platform);
        var wasThere = File.Exists(node.At(file));
        Assert.Equal(0, await node.Install(target));
        node.Write(file, text);
        Assert.True(await node.Uninstall(target) == 0, node.Said.ToString());
        Assert.Empty(node.Named());
        Assert.Equal(wasThere ? text : null, File.Exists(node.At(file)) ? node.Read(file) : null);
    }

    [Fact]
    public async Task What_says_nothing_is_written_behind_and_stays()
    {
        const string Config = "/var/lib/kubelet/config.yaml";
        using var node = FakeNode.Of("kubeadm");
        node.Write(Config, "# kept by ops");
        Assert.Equal(0, await node.Install("image-service"));
        Assert.StartsWith("# kept by ops\n", node.Read(Config));
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Equal("# kept by ops", node.Read(Config));
    }

    [Theory]
    [InlineData("/dev/null", "10-kubeadm.conf")]
    [InlineData("/nowhere", "20-others.conf")]
    public async Task A_drop_in_that_leads_nowhere_is_read_as_systemd_reads_it(string leadsTo, string name)
    {
        using var node = FakeNode.Of("kubeadm");
        Directory.CreateDirectory(node.At("/etc/systemd/system/kubelet.service.d"));
        File.CreateSymbolicLink(node.At($"/etc/systemd/system/kubelet.service.d/{name}"), leadsTo);
        node.Write("/etc/systemd/system/kubelet.service",
            "[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml\n");
        node.Systemd.StartKubelet();
        var before = node.Snapshot();
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task A_folder_of_ours_that_leads_elsewhere_or_is_mounted_stays()
    {
        using var node = FakeNode.Of("kubeadm");
        Directory.CreateDirectory(node.At("/data"));
        File.CreateSymbolicLink(node.At("/var/lib/registryproxy"), "/data");
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install("containerd-mirror"));
        Assert.Equal(0, await node.Uninstall("containerd-mirror"));
        Assert.Empty(node.Differences(before));

        File.Delete(node.At("/var/lib/registryproxy"));
        Directory.CreateDirectory(node.At("/var/lib/registryproxy"));
        (await Shell.Run("mount", ["-t", "tmpfs", "none", node.At("/var/lib/registryproxy")])).ShouldSucceed();
        try
        {
            before = node.Snapshot();
            Assert.Equal(0, await node.Install("containerd-mirror"));
            Assert.True(await node.Uninstall("containerd-mirror") == 0, node.Said.ToString());
            Assert.Empty(node.Differences(before));
        }
        finally
        {
            await Shell.Run("umount", ["-l", node.At("/var/lib/registryproxy")]);
        }
    }
}
