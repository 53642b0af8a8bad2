using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Nodes;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Running;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>The real program, ended by SIGKILL as it asks the kernel for a change of the disk: the next run goes on.</summary>
[Campaign]
public sealed class KilledProcessTests
{
    private const int Killed = 128 + 9;

    private static readonly string[] Targets = ["image-service", "credential-provider", "containerd-mirror", "docker-helper"];

    /// <summary>What changes names: a kill between two of them leaves what a kill between any two others does.</summary>
    private static readonly string[] Calls = ["rename", "unlink", "symlink", "mkdir", "chmod"];

    public static TheoryData<string, string> Places => Sizes.Full
        ? [.. FakeNode.Platforms.SelectMany(platform => Targets.Select(target => (platform, target)))]
        : [("kubeadm", "image-service"), ("eks", "credential-provider")];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task The_next_run_finishes_what_was_begun_and_undoes_it_to_the_byte(string platform, string target)
    {
        foreach (var verb in (string[])["install", "uninstall"])
        {
            foreach (var call in Sizes.Full ? Calls : Calls[..1])
            {
                for (var time = Sizes.Full ? 1 : 3; await Kill(platform, target, verb, call, time) && Sizes.Full; time++)
                {
                }
            }
        }
    }

    /// <summary>Whether a run was killed at its n-th call of a kind.</summary>
    private static async Task<bool> Kill(string platform, string target, string verb, string call, int time)
    {
        using var node = FakeNode.Of(platform);
        using var folder = new TemporaryFolder();
        var settings = folder.Write("nodeagent.yaml", node.Settings);
        var before = node.Snapshot();
        string[] Command(string what) =>
        [
            "dotnet", Agent.Dll, what, "--root", node.Root, "--target", target, "--files-only",
            .. what == "install" ? new[] { "--config", settings } : [],
        ];
        if (verb == "uninstall")
        {
            (await Shell.Run("dotnet", Command("install").Skip(1))).ShouldSucceed();
        }

        var run = await Shell.Run("strace",
        [
            "-qq", "-f", "-o", "/dev/null", "-e", $"trace={call}", "-e", $"inject={call}:signal=SIGKILL:when={time}", .. Command(verb),
        ]);
        Assert.True(run.ExitCode is 0 or Killed, $"{platform}, {target}, {verb}, {call} {time}: {run.ExitCode} {run.Output}");
        foreach (var what in (string[])["install", "uninstall"])
        {
            var next = await Shell.Run("dotnet", Command(what).Skip(1));
            Assert.True(next.ExitCode == 0, $"{platform}, {target}, {what} after {verb} killed at {call} {time}: {next.Output}");
        }

        Assert.Empty(node.Differences(before));
        return run.ExitCode == Killed;
    }
}
