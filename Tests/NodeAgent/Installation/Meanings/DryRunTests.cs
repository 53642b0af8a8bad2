using System.Globalization;
using RegistryProxy.NodeAgent.Installation.Plans;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Meanings;

/// <summary>What a dry run shows: changes that would be, refusals that would be, and no secret.</summary>
public sealed class DryRunTests
{
    private const string Canary = "c4n4ry";

    [Theory]
    [InlineData("docker-helper", "/root/.docker/config.json", "{\n  \"auths\": { \"x\": { \"auth\": \"c4n4ry\" } }\n}\n")]
    [InlineData("containerd-mirror", "/etc/containerd/certs.d/gcr.io/hosts.toml",
        "[host.\"https://x\"]\n[host.\"https://x\".header]\nA = \"c4n4ry\"\n")]
    public async Task Secrets_of_files_that_change_are_not_shown(string target, string file, string text)
    {
        using var node = FakeNode.Of("kubeadm");
        node.Settings = node.Settings.Replace(
            "{ type: aws-sts, authenticator: nodes }", $"{{ type: password, username: a, password: {{ value: {Canary} }} }}",
            StringComparison.Ordinal);
        node.Write(file, text);
        Assert.Equal(0, await node.Install(target, dryRun: true));
        Assert.Contains($"+++ {file}", node.Said.ToString());
        Assert.Contains("+++ /etc/registryproxy/nodeagent.yaml", node.Said.ToString());
        Assert.DoesNotContain(Canary, node.Said.ToString());

        Assert.Equal(0, await node.Install(target));
        Assert.Equal(0, await node.Uninstall(target, dryRun: true));
        Assert.Contains($"+++ {file}", node.Said.ToString());
        Assert.DoesNotContain(Canary, node.Said.ToString());
        if (target == "containerd-mirror")
        {
            Assert.DoesNotContain(node.Read("/var/lib/registryproxy/mirror-secret").Trim(), node.Said.ToString());
        }
    }

    [Fact]
    public async Task Of_a_mirror_that_is_in_place_nothing_would_change()
    {
        using var node = FakeNode.Of("kubeadm");
        Assert.Equal(0, await node.Install("containerd-mirror"));
        Assert.Equal(0, await node.Install("containerd-mirror", dryRun: true));
        Assert.DoesNotContain("+++", node.Said.ToString());
    }

    [Fact]
    public async Task What_would_be_refused_is_refused()
    {
        using var node = FakeNode.Of("aks");
        const string Providers = "/var/lib/kubelet/credential-provider-config.yaml";
        File.Delete(node.At(Providers));
        Directory.CreateDirectory(node.At(Providers));
        Assert.Contains(
            "is a folder", (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("credential-provider", dryRun: true))).Message);

        node.Write("/usr/local/bin/docker-credential-registryproxy", "of others");
        Assert.Contains("no link of this program",
            (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("docker-helper", dryRun: true))).Message);
    }

    [Fact]
    public async Task What_failed_before_would_not_be_tried()
    {
        using var node = FakeNode.Of("kubeadm");
        node.Systemd.KubeletHatesTheAgent = true;
        Assert.Equal(1, await node.Install("image-service"));
        Assert.Equal(1, await node.Install("image-service", dryRun: true));
        Assert.Contains("use --retry", node.Said.ToString());
        Assert.Equal(0, await node.Install("image-service", retry: true, dryRun: true));
    }

    [Fact]
    public void A_long_file_costs_no_more_than_what_changes_in_it()
    {
        var lines = Enumerable.Range(0, 20_000).Select(number => number.ToString(CultureInfo.InvariantCulture)).ToList();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var text = TextDiff.Of("/f", string.Join('\n', lines), string.Join('\n', lines.Select(line => line == "7000" ? "new" : line)));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000_000);
        Assert.Contains("\n 6999\n-7000\n+new\n 7001\n", text);
        Assert.Equal(20_003, text.Count(letter => letter == '\n'));

        text = TextDiff.Of("/f", string.Join('\n', lines), string.Join('\n', lines.Select(line => $"{line}x")));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 40_000_000);
        Assert.Equal(40_002, text.Count(letter => letter == '\n'));
        Assert.Equal("--- /f\n+++ /f\n a\n-b\n+c\n a\n", TextDiff.Of("/f", "a\nb\na", "a\nc\na"));
        Assert.Equal("--- /f\n+++ /f\n a\n-a\n", TextDiff.Of("/f", "a\na", "a"));
        Assert.Equal("--- /dev/null\n+++ /f\n+a\n", TextDiff.Of("/f", null, "a"));
    }
}
