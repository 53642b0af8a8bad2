using RegistryProxy.Tests.Support.Kubernetes;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Deploy;

/// <summary>The script that fetches clients for the tests.</summary>
public sealed class NewerClientsScriptTests
{
    [Fact]
    public async Task Where_nothing_can_be_had_it_says_so_and_does_not_end_the_run_of_the_tests()
    {
        using var folder = new TemporaryFolder();
        var apt = folder.Write("apt-get", "#!/bin/sh\nexit 100\n");
        File.SetUnixFileMode(apt, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var script = Path.Combine(Path.GetDirectoryName(Manifests.Deploy)!, "Tests", "newer-clients.sh");
        var told = await Shell.Run(
            "bash", [script, folder.File("tools")], null,
            ("PATH", $"{folder.Path}:{Environment.GetEnvironmentVariable("PATH")}"));
        told.ShouldSucceed();
        Assert.Contains("the tests use what this machine has: podman/", told.Output);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.File("tools")));
    }
}
