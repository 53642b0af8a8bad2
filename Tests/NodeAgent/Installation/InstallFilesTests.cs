using System.Text;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>Files as nodes have them: behind links, with owners, marks and encodings of their own, or not to be written at all.</summary>
public sealed class InstallFilesTests
{
    private const string Flags = "/etc/default/kubelet";

    [Theory]
    [InlineData("/opt/flags")]
    [InlineData("../../opt/flags")]
    public async Task Links_are_followed_within_the_root_and_stay_links(string target)
    {
        using var node = FakeNode.Of("aks");
        Directory.CreateDirectory(node.At("/opt"));
        File.Move(node.At(Flags), node.At("/opt/flags"));
        File.CreateSymbolicLink(node.At(Flags), target);
        Directory.Move(node.At("/var/lib/kubelet"), node.At("/var/lib/real"));
        File.CreateSymbolicLink(node.At("/var/lib/kubelet"), "/var/lib/real");
        var before = node.Snapshot();
        Assert.Equal(0, await node.Install("credential-provider"));
        Assert.Equal(0, await node.Install("image-service"));
        Assert.Equal(target, new FileInfo(node.At(Flags)).LinkTarget);
        Assert.Contains("--image-service-endpoint=unix:///run/registryproxy/image.sock", node.Read("/opt/flags"));
        Assert.Contains("registryproxy-credential-provider", node.Read("/var/lib/real/credential-provider-config.yaml"));
        Assert.Equal(0, await node.Uninstall("credential-provider"));
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task Owner_and_mode_stay()
    {
        using var node = FakeNode.Of("aks");
        File.SetUnixFileMode(node.At(Flags), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        (await Shell.Run("chown", ["65534:12", node.At(Flags)])).ShouldSucceed();
        Assert.Equal(0, await node.Install("image-service"));
        Assert.Equal("65534:12 440\n", (await Shell.Run("stat", ["-c", "%u:%g %a", node.At(Flags)])).Output);
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Equal("65534:12 440\n", (await Shell.Run("stat", ["-c", "%u:%g %a", node.At(Flags)])).Output);
    }

    [Fact]
    public async Task A_mark_and_bytes_that_are_no_utf8_stay()
    {
        byte[] providers = [0xEF, 0xBB, 0xBF,
            .. Encoding.Latin1.GetBytes("# f\u00FCr\r\nproviders:\r\n- name: acr-credential-provider\r\n")];
        byte[] flags = Encoding.Latin1.GetBytes(
            "# f\u00FCr alle\nKUBELET_FLAGS=--image-credential-provider-bin-dir=/var/lib/kubelet/credential-provider " +
            "--image-credential-provider-config=/var/lib/kubelet/credential-provider-config.yaml\n");
        using var node = FakeNode.Of("aks");
        await File.WriteAllBytesAsync(node.At(Flags), flags);
        await File.WriteAllBytesAsync(node.At("/var/lib/kubelet/credential-provider-config.yaml"), providers);
        node.Systemd.StartKubelet();
        Assert.True(await node.Install("credential-provider") == 0, node.Said.ToString());
        Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
        var installed = await File.ReadAllBytesAsync(node.At("/var/lib/kubelet/credential-provider-config.yaml"));
        Assert.Equal(providers[..10], installed[..10]);
        await File.AppendAllTextAsync(node.At(Flags), "# more\n");
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Equal(0, await node.Uninstall("credential-provider"));
        byte[] expected = [.. flags, .. Encoding.UTF8.GetBytes("# more\n")];
        Assert.Equal(expected, await File.ReadAllBytesAsync(node.At(Flags)));
        Assert.Equal(providers, await File.ReadAllBytesAsync(node.At("/var/lib/kubelet/credential-provider-config.yaml")));
    }

    [Fact]
    public async Task What_cannot_be_written_is_refused_before_anything_is()
    {
        using var node = FakeNode.Of("aks");
        const string Providers = "/var/lib/kubelet/credential-provider-config.yaml";
        File.Delete(node.At(Providers));
        Directory.CreateDirectory(node.At(Providers));
        var before = node.Snapshot();
        var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("credential-provider"));
        Assert.Contains($"{Providers} is a folder where a file is meant", refusal.Message);
        Assert.Empty(node.Differences(before));

        node.Write("/usr/local/bin/docker-credential-registryproxy", "of others");
        before = node.Snapshot();
        refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("docker-helper"));
        Assert.Contains("is there already and no link of this program", refusal.Message);
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task An_uninstallation_from_a_file_system_that_became_read_only_is_refused_before_it_changes_anything()
    {
        using var node = FakeNode.Of("aks");
        await using var disk = await SmallDisk.Mount(1);
        File.Copy(node.At(Flags), Path.Combine(disk.Path, "kubelet"));
        (await Shell.Run("mount", ["--bind", disk.Path, node.At("/etc/default")])).ShouldSucceed();
        try
        {
            var before = node.Snapshot();
            Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
            var installed = node.Snapshot();
            await disk.SetWritable(false);
            var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Uninstall("image-service"));
            Assert.Contains($"{Flags} cannot be written", refusal.Message);
            Assert.Empty(node.Differences(installed));
            await disk.SetWritable(true);
            Assert.Equal(0, await node.Uninstall("image-service"));
            Assert.Empty(node.Differences(before));
        }
        finally
        {
            await Shell.Run("umount", ["-l", node.At("/etc/default")]);
        }
    }

    [Fact]
    public async Task A_read_only_file_system_is_refused_before_anything_is_written()
    {
        using var node = FakeNode.Of("aks");
        await using var disk = await SmallDisk.Mount(1);
        File.Copy(node.At(Flags), Path.Combine(disk.Path, "kubelet"));
        await disk.SetWritable(false);
        Directory.Delete(node.At("/etc/default"), recursive: true);
        Directory.CreateDirectory(node.At("/etc/default"));
        (await Shell.Run("mount", ["--bind", disk.Path, node.At("/etc/default")])).ShouldSucceed();
        try
        {
            var before = node.Snapshot();
            var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"));
            Assert.Contains($"{Flags} cannot be written", refusal.Message);
            Assert.Empty(node.Differences(before));
        }
        finally
        {
            await Shell.Run("umount", ["-l", node.At("/etc/default")]);
        }
    }

    [Fact]
    public async Task A_folder_whose_programs_cannot_be_run_is_refused_before_anything_is_written()
    {
        using var node = FakeNode.Of("kubeadm");
        Directory.CreateDirectory(node.At("/opt/registryproxy"));
        (await Shell.Run("mount", ["-t", "tmpfs", "-o", "noexec", "none", node.At("/opt/registryproxy")])).ShouldSucceed();
        try
        {
            var before = node.Snapshot();
            Assert.Contains("mounted with noexec",
                (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"))).Message);
            Assert.Empty(node.Differences(before));
        }
        finally
        {
            await Shell.Run("umount", ["-l", node.At("/opt/registryproxy")]);
        }
    }

    [Theory]
    [InlineData("/opt/registryproxy/plugins", true)]
    [InlineData("/opt/registryproxy/bin", false)]
    public async Task A_link_is_no_program_and_where_no_service_is_touched_nothing_is_run(string folder, bool services)
    {
        using var node = FakeNode.Of("kubeadm");
        Directory.CreateDirectory(node.At(folder));
        (await Shell.Run("mount", ["-t", "tmpfs", "-o", "noexec", "none", node.At(folder)])).ShouldSucceed();
        try
        {
            Assert.True(await node.Install("credential-provider", services) == 0, node.Said.ToString());
        }
        finally
        {
            await Shell.Run("umount", ["-l", node.At(folder)]);
        }
    }

    [Theory]
    [InlineData("/home/kubernetes/bin", false)]
    [InlineData("/home/other", true)]
    [InlineData("/var/lib/kubelet", true)]
    [InlineData("/usr/local/bin", false)]
    [InlineData("/mnt/a b/c", true)]
    public void Where_programs_can_be_run_is_told_by_the_innermost_mount(string folder, bool isWithout) => Assert.Equal(isWithout,
        RegistryProxy.NodeAgent.Installation.Files.MountTable.IsWithoutPrograms(folder, """
            22 1 253:0 / / ro,relatime shared:1 - ext2 /dev/root ro
            30 22 8:1 /var /var rw,nosuid,nodev,noexec,relatime shared:5 - ext4 /dev/sda1 rw
            31 22 8:1 /home /home rw,nosuid,nodev,noexec,relatime shared:6 - ext4 /dev/sda1 rw
            32 31 8:1 /home/kubernetes/bin /home/kubernetes/bin rw,relatime shared:7 - ext4 /dev/sda1 rw
            33 22 0:40 / /mnt/a\040b rw,noexec - tmpfs none rw
            """));

    [Fact]
    public async Task What_the_agent_left_goes_with_the_last_target_but_the_nonces_by_which_doors_know_the_node()
    {
        using var node = FakeNode.Of("eks");
        Assert.Equal(0, await node.Install("image-service"));
        node.Write("/var/lib/registryproxy/mirror-secret", "made by the agent");
        node.Write("/var/lib/registryproxy/nonce-door", "n");
        foreach (var name in (string[])["image.sock", "agent.sock", "image.sock.4711"])
        {
            node.LeaveSocket($"/run/registryproxy/{name}");
        }

        node.Write("/run/registryproxy/agent.lock", "");
        string[] unfinished = ["/etc/kubernetes/kubelet/.config.json.registryproxy-new", "/etc/kubernetes/kubelet/config.json.registryproxy-old",
            "/opt/registryproxy/bin/registryproxy-nodeagent.registryproxy-old", "/opt/registryproxy/bin/.registryproxy-nodeagent.registryproxy-new"];
        Array.ForEach(unfinished, file => node.Write(file, "left by an end in the middle"));
        Assert.Equal(0, await node.Uninstall("image-service"));
        Assert.Equal(["/var/lib/registryproxy", "/var/lib/registryproxy/nonce-door"], node.Named());
    }

    [Fact]
    public async Task An_installation_of_version_0_1_is_undone_and_taken_over()
    {
        foreach (var again in (bool[])[false, true])
        {
            using var node = FakeNode.Of("kubeadm");
            var before = node.Snapshot();
            const string Config = "/var/lib/kubelet/config.yaml", Line = "imageServiceEndpoint: unix:///run/registryproxy/image.sock\n";
            var text = node.Read(Config);
            node.Write(Config, text + Line);
            node.Write("/etc/registryproxy/nodeagent.yaml", "old");
            node.Write("/opt/registryproxy/bin/registryproxy-nodeagent", "old");
            node.Write("/var/lib/registryproxy/install/image-service.json", System.Text.Json.JsonSerializer.Serialize(new
            {
                Target = "image-service", Platform = "kubeadm", Programs = new[] { "/opt/registryproxy/bin/registryproxy-nodeagent" },
                NeedsAgent = true, NeedsKubelet = true,
                Files = new object[]
                {
                    new { Path = Config, Before = text, BeforeMode = 420, After = text + Line, Inserted = Line },
                    new { Path = "/etc/registryproxy/nodeagent.yaml", Before = (string?)null, BeforeMode = (int?)null, After = "old",
                        Inserted = (string?)null },
                },
            }));
            if (again)
            {
                Assert.True(await node.Install("image-service") == 0, node.Said.ToString());
                Assert.Equal("unix:///run/registryproxy/image.sock", node.Systemd.ImageService);
            }

            Assert.True(await node.Uninstall("image-service") == 0, node.Said.ToString());
            Assert.DoesNotContain(node.Differences(before), line => !line.Contains("+++ folder", StringComparison.Ordinal));
        }
    }
}
