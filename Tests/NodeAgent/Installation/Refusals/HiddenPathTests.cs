using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Refusals;

/// <summary>The unit hides some folders from the agent: what the settings name there is refused, and not lost at the next boot.</summary>
public sealed class HiddenPathTests
{
    [Theory]
    [InlineData("listen", "listen: unix:///run/registryproxy/image.sock", "listen: unix:///tmp/registryproxy/image.sock")]
    [InlineData("runtime.endpoint", "unix:///run/containerd/containerd.sock", "unix:///run/user/1000/containerd.sock")]
    [InlineData("stateDir", "mirror:", "stateDir: /home/registryproxy\nmirror:")]
    [InlineData("identity.password.file", "{ type: aws-sts, authenticator: nodes }",
        "{ type: password, username: bob, password: { file: /root/password } }")]
    [InlineData("identity.tokenFile", "{ type: aws-sts, authenticator: nodes }",
        "{ type: kubernetes, authenticator: k8s, tokenFile: /var/tmp/token }")]
    public async Task A_path_that_the_unit_hides_is_refused_for_what_the_agent_serves(string field, string text, string hidden)
    {
        foreach (var target in (string[])["image-service", "containerd-mirror"])
        {
            using var node = FakeNode.Of("kubeadm");
            if (field == "runtime.endpoint")
            {
                node.Write("/etc/default/kubelet",
                    "KUBELET_EXTRA_ARGS=--container-runtime-endpoint=unix:///run/user/1000/containerd.sock\n");
            }

            node.Settings = node.Settings.Replace(text, hidden);
            var before = node.Snapshot();
            var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(target, services: false));
            Assert.StartsWith($"{field}: ", refusal.Message);
            Assert.Contains("which the unit of the agent hides from it", refusal.Message);
            Assert.Empty(node.Differences(before));
        }
    }

    [Theory]
    [InlineData("mirror:", "stateDir: /home/kubernetes/state\nmirror:", true)]
    [InlineData("{ type: aws-sts, authenticator: nodes }",
        "{ type: kubernetes, authenticator: k8s, tokenFile: /home/kubernetes/token }", false)]
    [InlineData("{ type: aws-sts, authenticator: nodes }", "{ type: kubernetes, authenticator: k8s, tokenFile: /tmp/token }", true)]
    public async Task Where_the_program_lies_below_home_what_is_read_there_is_shown(string text, string named, bool isRefused)
    {
        using var node = FakeNode.Of("gke");
        node.Settings = node.Settings.Replace(text, named);
        Assert.Contains(named, node.Settings);
        var refusal = await Record.ExceptionAsync(() => node.Install("image-service", services: false));
        Assert.Equal(isRefused, refusal is InstallRefusal { Message: var said } && said.Contains("which the unit of the agent hides"));
    }

    [Fact]
    public async Task An_authority_is_looked_for_through_links_and_is_fine_where_kubelet_runs_the_program()
    {
        using var node = FakeNode.Of("kubeadm");
        using var here = new TemporaryFolder();
        using var key = ECDsa.Create();
        using var certificate = new CertificateRequest("CN=ca", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Directory.CreateDirectory(node.At("/home/ops"));
        Directory.CreateSymbolicLink(node.At("/srv"), "/home/ops");
        var ca = here.Write("ca.crt", certificate.ExportCertificatePem());
        node.Settings = node.Settings.Replace("identity:", $"ca: {ca}, identity:");
        Assert.Contains("ca: ", (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"))).Message);
        node.Settings = node.Settings.Replace("listen: unix:///run/registryproxy/image.sock", "listen: unix:///srv/image.sock")
            .Replace($"ca: {ca}, ", "");
        Assert.Contains("listen: /srv/image.sock is below /home",
            (await Assert.ThrowsAsync<InstallRefusal>(() => node.Install("image-service"))).Message);
        Assert.True(await node.Install("credential-provider") == 0, node.Said.ToString());
    }
}
