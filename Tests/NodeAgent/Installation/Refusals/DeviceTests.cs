using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Requests;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.NodeAgent.Installation.Refusals;

/// <summary>A link may lead to a device: it is refused, and never replaced by a file.</summary>
public sealed class DeviceTests
{
    [Theory]
    [InlineData("docker-helper", "/root/.docker/config.json")]
    [InlineData("image-service", "/etc/systemd/system/registryproxy-nodeagent.service")]
    [InlineData("image-service", "/etc/systemd/system/kubelet.service.d/50-registryproxy.conf")]
    [InlineData("containerd-mirror", "/etc/containerd/certs.d/gcr.io/hosts.toml")]
    public async Task What_leads_to_a_device_is_refused_before_anything_is_written(string target, string link)
    {
        using var node = FakeNode.Of("kubeadm");
        Directory.CreateDirectory(node.At("/dev"));
        var made = await Shell.Run("mknod", [node.At("/dev/null"), "c", "1", "3"]);
        Assert.SkipUnless(made.ExitCode == 0, "this user makes no devices");
        Directory.CreateDirectory(Path.GetDirectoryName(node.At(link))!);
        File.CreateSymbolicLink(node.At(link), "/dev/null");
        foreach (var services in (bool[])[true, false])
        {
            var refusal = await Assert.ThrowsAsync<InstallRefusal>(() => node.Install(target, services));
            Assert.Contains($"{link} cannot be written: {node.At("/dev/null")} is a device, a socket or a pipe", refusal.Message);
            Assert.False(FileStatus.IsRegular(node.At("/dev/null")));
        }
    }

    [Fact]
    public void A_socket_is_no_file_either_and_the_last_guard_is_where_files_are_changed()
    {
        using var node = FakeNode.Of("kubeadm");
        node.LeaveSocket("/etc/x");
        var host = node.Host();
        Assert.Contains("/etc/x cannot be written", Assert.Throws<InstallRefusal>(() => Preflight.Check(host, ["/etc/x"])).Message);
        Assert.Throws<IOException>(() => host.Write("/etc/x", [1], UnixFileMode.UserRead));
        Assert.Throws<IOException>(() => host.DeleteFile("/etc/x"));
        Assert.Throws<IOException>(() => host.KeepFormer("/etc/x"));
        Preflight.Check(host, ["/etc/containerd/config.toml", "/etc/new"]);
    }
}
