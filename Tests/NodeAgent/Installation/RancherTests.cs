using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>k3s and RKE2, whose kubelet is a part of them: credential providers where they look for them, and no more.</summary>
public sealed class RancherTests
{
    private const string Config = "/var/lib/rancher/credentialprovider/config.yaml";
    private const string Target = "credential-provider";

    [Fact]
    public async Task Providers_are_put_where_k3s_looks_and_its_unit_is_restarted_and_watched()
    {
        using var node = FakeNode.Of("k3s");
        var before = node.Snapshot();
        Assert.True(await node.Install(Target) == 0, node.Said.ToString());
        Assert.Contains("registryproxy-credential-provider", node.Read(Config));
        Assert.True(File.Exists(node.At("/var/lib/rancher/credentialprovider/bin/registryproxy-credential-provider")));
        Assert.Contains("systemctl restart k3s-agent", node.Systemd.Commands);
        Assert.DoesNotContain("systemctl restart kubelet", node.Systemd.Commands);
        Assert.Equal(0, await node.Install(Target));
        Assert.Contains("is in place already", node.Said.ToString());
        Assert.Equal(0, await node.Uninstall(Target));
        Assert.Empty(node.Differences(before));
        Assert.True(node.Systemd.KubeletRuns);
    }

    [Fact]
    public async Task Those_of_others_stay()
    {
        const string Others = "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\nproviders:\n- name: other\n  matchImages: [\"x.example\"]\n"
            + "  defaultCacheDuration: 1h\n  apiVersion: credentialprovider.kubelet.k8s.io/v1\n";
        using var node = FakeNode.Of("k3s");
        node.Write(Config, Others);
        node.Write("/var/lib/rancher/credentialprovider/bin/other", "#!/bin/sh\n");
        var before = node.Snapshot();
        Assert.True(await node.Install(Target) == 0, node.Said.ToString());
        Assert.Contains("name: other", node.Read(Config));
        Assert.Equal(0, await node.Uninstall(Target));
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task A_k3s_that_does_not_come_up_gets_everything_back()
    {
        using var node = FakeNode.Of("k3s");
        var before = node.Snapshot();
        node.Systemd.KubeletHatesTheAgent = true;
        Assert.Equal(1, await node.Install(Target));
        Assert.Contains("journalctl -u k3s-agent", node.Said.ToString());
        Assert.DoesNotContain(node.Differences(before), file => !file.StartsWith("/var/lib/registryproxy", StringComparison.Ordinal));
        Assert.True(node.Systemd.KubeletRuns);
    }

    [Theory]
    [InlineData("image-service", "run kubelet and its containerd within themselves")]
    [InlineData("containerd-mirror", "registries.yaml")]
    public async Task What_it_has_no_place_for_is_refused_with_the_reason(string target, string reason)
    {
        using var node = FakeNode.Of("k3s");
        var before = node.Snapshot();
        Assert.Contains(reason, (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(target))).Message);
        Assert.Empty(node.Differences(before));
    }

    [Fact]
    public async Task Other_places_of_providers_are_not_passed_over()
    {
        using var node = FakeNode.Of("k3s");
        node.Write("/etc/rancher/k3s/config.yaml.d/10-providers.yaml", "image-credential-provider-config: /srv/providers.yaml\n");
        Assert.Contains("10-providers.yaml names other places",
            (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(Target))).Message);
    }

    [Fact]
    public async Task A_run_that_was_killed_anywhere_is_finished_by_the_next()
    {
        for (var step = 0; ; step++)
        {
            using var node = FakeNode.Of("k3s");
            var before = node.Snapshot();
            node.KillBefore(step);
            try
            {
                await node.Install(Target);
                Assert.True(step > 10, "there are so many steps");
                return;
            }
            catch (KilledException)
            {
                Assert.True(await node.Install(Target) == 0, $"{step}: {node.Said}");
                Assert.Equal(0, await node.Uninstall(Target));
                Assert.Empty(node.Differences(before));
            }
        }
    }
}
